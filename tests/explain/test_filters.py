"""Filters as motifs: against slow counting, on both strands, tied and untied, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cislearn.errors import UserError
from cislearn.explain import filters, windows
from cislearn.explain.filters import align, motifs_of
from cislearn.explain.layer import motif_layer
from cislearn.explain.windows import windows_in_memory
from cislearn.models.encoder import OneStage
from cislearn.models.network import Network, build_network
from cislearn.models.saving import for_prediction
from cislearn.schema import DataSpec, TaskSpec
from cislearn.sequence.strand import reverse_complement
from tests.explain.planted import LENGTH, SPEC, known, planted_network, planted_windows


@pytest.fixture
def few_at_once(monkeypatch):
    """Pieces of five windows."""
    monkeypatch.setattr(windows, "BASES_AT_ONCE", 5 * LENGTH)


@pytest.fixture
def tokens(rng):
    drawn = rng.integers(0, 4, (43, LENGTH), dtype=np.uint8)
    drawn[3, 10:20] = 4  # N
    return drawn


def slowly(tokens, weight, bias, rule, both):
    """Counts, sites, windows and greatest answer of one filter, place by place."""
    width = weight.shape[1]
    sites = []
    for row, window in enumerate(tokens):
        for strand in (window, reverse_complement(window)) if both else (window,):
            for at in range(len(window) - width + 1):
                bases = strand[at : at + width]
                answer = bias + sum(weight[base, j] for j, base in enumerate(bases) if base < 4)
                sites.append((max(0.0, answer), row, bases))
    greatest = max(answer for answer, _, _ in sites)
    if rule == "half_maximum":
        kept = [site for site in sites if site[0] > greatest / 2]
    else:
        best = [max((site for site in sites if site[1] == row), key=lambda site: site[0]) for row in range(len(tokens))]
        kept = sorted((site for site in best if site[0] > 0), key=lambda site: -site[0])[: filters.TOP]
    counts = np.zeros((4, width))
    for _, _, bases in kept:
        for j, base in enumerate(bases):
            if base < 4:
                counts[base, j] += 1
    return counts, len(kept), len({row for _, row, _ in kept}), greatest


@pytest.mark.parametrize("rule", ["half_maximum", "top"])
@pytest.mark.parametrize("both", [False, True])
def test_sites_are_those_of_slow_counting(tokens, rule, both, few_at_once, monkeypatch):
    """Oracle: Basset's rule and the best places of the best windows, with padding and N about."""
    monkeypatch.setattr(filters, "TOP", 12)
    torch.manual_seed(1)
    network = build_network("motif_cnn", SPEC, {"motifs": 3, "motif_width": 7, "layers": "plain"}).eval()
    model = for_prediction(network, "average" if both else "forward")
    found = align(model, motif_layer(model), windows_in_memory(tokens), rule)
    conv = network.encoder.stages[0].linear
    for number in range(3):
        weight, bias = conv.weight[number].detach().double().numpy(), conv.bias[number].item()
        counts, n_sites, n_windows, greatest = slowly(tokens, weight, bias, rule, both)
        np.testing.assert_array_equal(found.counts[number], counts)
        assert (found.n_sites[number], found.n_windows[number]) == (n_sites, n_windows)
        assert found.greatest[number] == pytest.approx(greatest, rel=1e-5)


@pytest.mark.parametrize("rule", ["half_maximum", "top"])
def test_a_filter_and_its_tied_partner_are_one_motif(tokens, rule):
    """trap 2: partners are turned along bases and length. Both readings of plain layers count the same."""
    torch.manual_seed(0)
    tied = build_network("motif_cnn", SPEC, {"motifs": 3, "layers": "equivariant", "motif_width": 7}).eval()
    plain = build_network("motif_cnn", SPEC, {"motifs": 3, "layers": "plain", "motif_width": 7}).eval()
    plain.encoder.stages[0].linear.load_state_dict(tied.encoder.stages[0].linear.state_dict())
    both = for_prediction(plain, "average")
    given = windows_in_memory(tokens)
    for one, other in zip(
        align(tied, motif_layer(tied), given, rule), align(both, motif_layer(both), given, rule), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-5)


@pytest.mark.parametrize("reading", ["average", "forward"])
def test_the_strand_of_the_windows_does_not_matter_where_both_are_read(tokens, reading):
    model = for_prediction(planted_network(known()), reading)
    one, other = (
        align(model, motif_layer(model), windows_in_memory(np.ascontiguousarray(each))).counts
        for each in (tokens, reverse_complement(tokens))
    )
    assert np.array_equal(one, other) == (reading == "average")


def test_pieces_change_nothing(tokens, monkeypatch):
    model = for_prediction(planted_network(known()), "average")
    whole = align(model, motif_layer(model), windows_in_memory(tokens))
    monkeypatch.setattr(windows, "BASES_AT_ONCE", 1)
    for one, other in zip(whole, align(model, motif_layer(model), windows_in_memory(tokens)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_batch_norm_stands_before_the_half_maximum(tokens):
    """What half of the maximum is depends on where 0 lies."""
    torch.manual_seed(0)
    network = build_network("motif_cnn", SPEC, {"motifs": 2, "batch_norm": True, "layers": "plain"}).eval()
    norm = network.encoder.stages[0].norm
    x = network.embed(torch.from_numpy(tokens))
    layer = motif_layer(network)
    before = layer.respond(x)
    norm.running_mean += 0.2
    assert layer.norm is norm and not torch.allclose(before, layer.respond(x))


def test_filters_that_rest_on_few_windows_are_dropped(rng):
    motif = known()[0]
    tokens, _ = planted_windows(motif, rng)
    network = planted_network([motif, motif])
    with torch.no_grad():
        network.encoder.stages[0].linear.bias[1] = -1e3
    found = align(network, motif_layer(network), windows_in_memory(tokens))
    assert list(motifs_of(found, ["a", "b"])) == [0] and found.n_windows[1] == 0 and found.greatest[1] == 0
    assert motifs_of(found, ["a", "b"], fewest=int(found.n_windows[0]) + 1) == {}


def test_a_place_of_n_alone_says_nothing():
    network = planted_network(known())
    with torch.no_grad():
        network.encoder.stages[0].linear.bias.fill_(1.0)
        network.encoder.stages[0].linear.weight.zero_()
    found = align(network, motif_layer(network), windows_in_memory(np.full((12, LENGTH), 4, np.uint8)))
    np.testing.assert_array_equal(motifs_of(found, list("abc"))[0].probabilities, 0.25)


def test_a_layer_that_is_not_there_and_one_that_reads_no_bases():
    network = planted_network(known())
    assert motif_layer(network, "encoder.stages.0.linear").n_filters == 3
    for name in ("encoder.stages.1.linear", "encoder.stages.0.linaer"):
        with pytest.raises(UserError, match=r"no layer '.*' reads the bases(.|\n)*encoder.stages.0.linear"):
            motif_layer(network, name)
    dense = Network(OneStage(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4 * LENGTH, 3))), SPEC).eval()
    with pytest.raises(UserError, match="no convolution of this model reads the bases"):
        motif_layer(dense)


def test_windows_shorter_than_the_filter():
    network = build_network("motif_cnn", DataSpec((TaskSpec("a"),), ("c",), 12), {"motif_width": 19}).eval()
    with pytest.raises(UserError, match=r"windows of 12 bp are shorter than the filters of .*, which span 19 bp"):
        align(network, motif_layer(network), windows_in_memory(np.zeros((4, 12), np.uint8)))
