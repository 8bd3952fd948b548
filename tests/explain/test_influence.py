"""Influence of filters: exact for a network that can be computed by hand, one for tied pairs, nothing left behind."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cislearn.evaluation.metrics import auroc
from cislearn.explain.influence import influence
from cislearn.explain.layer import motif_layer
from cislearn.explain.windows import windows_in_memory
from cislearn.models.encoder import Encoder
from cislearn.models.network import Network, build_network
from cislearn.models.saving import for_prediction
from cislearn.models.stages import Stage
from cislearn.schema import DataSpec, TaskSpec

LENGTH = 8


class Counting(Encoder):
    """Two filters of width 1, of A and of C, and how often each answers."""

    def __init__(self) -> None:
        super().__init__()
        conv = torch.nn.Conv1d(4, 2, 1)
        with torch.no_grad():
            conv.weight.copy_(torch.eye(4)[:2, :, None])
            conv.bias.zero_()
        total = torch.nn.Sequential(torch.nn.AvgPool1d(LENGTH), torch.nn.Flatten())
        self.stages = torch.nn.Sequential(Stage(conv, None, torch.nn.ReLU()), Stage(torch.nn.Identity(), pool=total))


TASKS = TaskSpec("many"), TaskSpec("level", "regression")


def counting(tasks=TASKS, weights=((3.0, -1.0), (0.5, 2.0))):
    network = Network(Counting(), DataSpec(tasks, ("cell",), LENGTH)).eval()
    with torch.no_grad():
        network.head[0].linear.weight.copy_(torch.tensor(weights))
        network.head[0].linear.bias.fill_(0.25)
    return network


@pytest.fixture
def given(rng):
    tokens = rng.integers(0, 4, (50, LENGTH), dtype=np.uint8)
    labels = np.column_stack([rng.integers(0, 2, 50), rng.normal(size=50)]).astype(float)
    labels[:5, 0] = np.nan
    return tokens, labels


def test_influence_of_a_network_computed_by_hand(given):
    tokens, labels = given
    network = counting()
    table = influence(network, motif_layer(network), windows_in_memory(tokens, labels=labels), [0, 1])
    a, c = (tokens == 0).mean(1), (tokens == 1).mean(1)
    many, level = 3 * a - c + 0.25, a / 2 + 2 * c + 0.25
    known = ~np.isnan(labels[:, 0])
    y = labels[known, 0]

    def loss(z):
        return np.mean(np.logaddexp(0, z) - y * z)

    without = 3 * a.mean() - c + 0.25  # the filter of A gives its mean
    found = table.set_index(["filter", "task"])
    row = found.loc[(0, "many")]
    assert row["change"] == pytest.approx(3 * a.std(), rel=1e-5)
    assert row["loss"] == pytest.approx(loss(without[known]) - loss(many[known]), abs=1e-6)
    assert row["auroc"] == pytest.approx(auroc(y, many[known]) - auroc(y, without[known]), abs=1e-9)
    row, values = found.loc[(1, "level")], labels[:, 1]
    expected = np.mean((a / 2 + 2 * c.mean() + 0.25 - values) ** 2) - np.mean((level - values) ** 2)
    assert row["loss"] == pytest.approx(expected, abs=1e-5) and np.isnan(row["auroc"])


def test_absent_labels_are_never_scored(given):
    tokens, _ = given
    network = counting()
    table = influence(network, motif_layer(network), windows_in_memory(tokens), [0])
    assert table["change"].gt(0).all() and table[["loss", "auroc"]].isna().all(axis=None)


def test_classes_and_a_filter_that_does_nothing(given):
    tokens, labels = given
    network = counting((TaskSpec("kind", "multiclass", 2),), ((3.0, 0.0), (1.0, 0.0)))
    given = windows_in_memory(tokens, labels=labels[:, :1])
    table = influence(network, motif_layer(network), given, [0, 1]).set_index("filter")
    assert table.loc[0, "change"] > 0 and table.loc[1, "change"] == 0 and table.loc[1, "loss"] == 0


def test_the_model_is_as_before(given):
    tokens, _ = given
    network = counting()
    before = network(network.embed(torch.from_numpy(tokens)))
    influence(network, motif_layer(network), windows_in_memory(tokens), [0, 1])
    torch.testing.assert_close(network(network.embed(torch.from_numpy(tokens))), before, rtol=0, atol=0)


def test_both_channels_of_a_tied_pair_are_silenced(rng):
    """Silencing one of two strands would leave a model that is no longer equivariant."""
    spec = DataSpec((TaskSpec("a"),), ("c",), 60)
    torch.manual_seed(0)
    tied = build_network("motif_cnn", spec, {"motifs": 3, "layers": "equivariant"}).eval()
    tokens = rng.integers(0, 4, (20, 60), dtype=np.uint8)
    one, other = (
        influence(tied, motif_layer(tied), windows_in_memory(np.ascontiguousarray(each)), [0, 1, 2])["change"]
        for each in (tokens, 3 - tokens[:, ::-1])
    )
    np.testing.assert_allclose(one, other, rtol=1e-4)
    assert (one > 0).all()


def test_filters_that_scan_both_strands_are_silenced_on_both(rng):
    """FRSS turns its filters beside the convolution: with one reading silenced it would tell the strands apart."""
    torch.manual_seed(0)
    spec = DataSpec((TaskSpec("a"),), ("c",), 60)
    sizes = {"motifs": 3, "motif_width": 5, "pairs": 4, "pair_width": 3, "features": 6}
    scan = build_network("frss", spec, sizes).eval()
    layer = motif_layer(scan)
    assert layer.both_strands
    tokens = rng.integers(0, 4, (20, 60), dtype=np.uint8)
    one, other = (
        influence(scan, layer, windows_in_memory(np.ascontiguousarray(each)), [0, 1, 2])["change"]
        for each in (tokens, 3 - tokens[:, ::-1])
    )
    np.testing.assert_allclose(one, other, rtol=1e-4)
    assert (one > 0).all()


def test_both_readings_of_a_model_are_silenced(given):
    tokens, _ = given
    table = influence(
        *(lambda m: (m, motif_layer(m)))(for_prediction(counting(), "average")), windows_in_memory(tokens), [0]
    )
    a, t = (tokens == 0).mean(1), (tokens == 3).mean(1)
    assert table.loc[0, "change"] == pytest.approx(3 * ((a + t) / 2).std(), rel=1e-5)
