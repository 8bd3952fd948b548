"""Networks that say the same of both strands: built, checked, saved, made over for prediction, attributed."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from torch import nn

from cislearn.errors import UserError
from cislearn.models.encoder import Encoder
from cislearn.models.equivariance import check_equivariance, random_windows
from cislearn.models.equivariant import EquivariantBatchNorm, EquivariantConv1d
from cislearn.models.inference import LayoutMaxPool1d, for_inference
from cislearn.models.layers import layers as layers_of
from cislearn.models.network import build_network, output
from cislearn.models.saving import ModelCard, load_network, save_model
from cislearn.models.stages import Stage
from cislearn.models.strands import other_strand
from cislearn.models.summary import summary_record
from cislearn.motifs.jaspar import jaspar_vertebrates
from cislearn.schema import DataSpec, InputSpec, TaskSpec
from tests.models.conftest import one_hot_windows

OURS = {
    "motif_cnn": {"motifs": 6, "pairs": 8, "features": 12, "batch_norm": True},
    "wide": {"detectors": 12, "channels": 8, "dilations": [1, 2], "known": 0.0},
}
"""Without known motifs, which are narrower than their filters: in AAAAAAA two positions tie, and which of the two the
maximum is taken from, and hands its gradient to, depends on the strand."""
FLIP = InputSpec("open", "track", 1, "flip")


def spec_of(length: int, *inputs: InputSpec, tasks: int = 1) -> DataSpec:
    return DataSpec(tuple(TaskSpec(f"task {n}") for n in range(tasks)), ("a",), length, inputs=inputs)


def stirred(network: nn.Module) -> nn.Module:
    """The network as if trained: scales and statistics that do something, in evaluation mode."""
    torch.manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d):
            nn.init.normal_(module.running_mean, std=0.3)
            nn.init.normal_(module.bias, std=0.3)
            for values in (module.running_var, module.weight):
                nn.init.uniform_(values, 0.5, 2)
    return network.eval()


def network_of(name: str, spec: DataSpec, **layers: str) -> nn.Module:
    torch.manual_seed(0)
    return stirred(build_network(name, spec, OURS[name] | {"layers": {"name": "equivariant", **layers}}))


@pytest.mark.parametrize("length", [101, 100, 64, 37])
@pytest.mark.parametrize("layers", [{}, {"filters": "half"}, {"merge": "average"}])
@pytest.mark.parametrize("encoder", OURS)
def test_both_strands_get_the_same_logits(encoder, layers, length):
    """trap 1: to 1e-6 in double precision, at lengths that no pooling divides."""
    spec = spec_of(length)
    network, x = network_of(encoder, spec, **layers).double(), one_hot_windows(5, length).double()
    torch.testing.assert_close(network(other_strand(x, spec)), network(x), rtol=0, atol=1e-6)
    assert network(x).std() > 1e-3


@pytest.mark.parametrize("encoder", OURS)
def test_both_strands_learn_the_same_from_a_batch(encoder):
    """In training, too: statistics of a batch and gradients are those of the batch on the other strand."""
    spec, x = spec_of(101), one_hot_windows(6, 101).double()
    found = []
    for window in (x, other_strand(x, spec)):
        network = network_of(encoder, spec).double().train()
        torch.manual_seed(3)  # of the dropout
        network(window).square().sum().backward()
        found.append([*(p.grad for p in network.parameters()), *network.buffers()])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("encoder", OURS)
def test_with_tracks_it_is_the_window_turned_as_a_whole(encoder):
    """trap 3: tracks are turned along the window, and stay themselves."""
    spec = spec_of(101, FLIP, InputSpec("two", "track", 2, "flip"))
    network, x = network_of(encoder, spec).double(), random_windows(spec, 4).double()
    torch.testing.assert_close(network(other_strand(x, spec)), network(x), rtol=0, atol=1e-6)
    assert not torch.allclose(network(torch.cat([x[:, :4], x[:, 4:].flip(2)], dim=1)), network(x), atol=1e-4)


@pytest.mark.parametrize("rule", ["none", "flip_and_permute", "flip_and_shift"])
def test_tracks_that_turn_otherwise_are_refused_with_the_reason(rule):
    with pytest.raises(UserError, match=rf"treats otherwise: cuts \({rule}\)\n.*post_hoc"):
        build_network("motif_cnn", spec_of(101, FLIP, InputSpec("cuts", "track", 2, rule)), {"layers": "equivariant"})


def test_an_encoder_with_layers_of_its_own_is_refused_with_what_to_take():
    with pytest.raises(UserError, match=r"dann_tf has layers of its own.*\n.*Take one of .*motif_cnn.*post_hoc"):
        build_network("dann_tf", spec_of(101), {"layers": "equivariant"})


# --- Sizes ---


def test_half_of_the_filters_make_as_many_channels_of_half_the_parameters():
    plain = build_network("wide", spec_of(101), OURS["wide"])
    pairs, half = (network_of("wide", spec_of(101), filters=filters) for filters in ("pairs", "half"))
    first = [n.encoder.stages[0].linear.weight.numel() for n in (plain, pairs, half)]
    second = [n.encoder.stages[1].linear.weight.numel() for n in (plain, pairs, half)]
    assert first == [12 * 4 * 19, 12 * 4 * 19, 6 * 4 * 19]
    assert second == [8 * 12, 8 * 24, 4 * 12]
    assert [n.n_features for n in (plain, pairs, half)] == [16, 16, 8]


def test_known_motifs_are_the_stored_filters():
    """The others are their reverse complements by themselves."""
    torch.manual_seed(0)
    collection = [motif.probabilities for motif in jaspar_vertebrates().values()]
    options = OURS["wide"] | {"known": 1.0, "layers": {"name": "equivariant", "filters": "half"}}
    conv = build_network("wide", spec_of(101), options).encoder.stages[0].linear
    assert conv.weight.shape == (6, 4, 19) and len(collection) > 6
    torch.manual_seed(0)
    noise = build_network("wide", spec_of(101), options | {"known": 0.0}).encoder.stages[0].linear
    assert (conv.weight != noise.weight).flatten(1).any(1).all()
    kernel = conv.kernel()
    torch.testing.assert_close(kernel[6:].flip(0, 1, 2), conv.weight)


# --- The check ---


class Flat(Encoder):
    """Forgets to merge the strands."""

    def __init__(self, length: int, *, layers: str = "equivariant") -> None:
        super().__init__()
        make = layers_of(layers)
        self.stages = nn.Sequential(
            Stage(make.first(4, 3, 5), None, make.activation(), nn.Flatten(1)),
            Stage(nn.Linear(6 * length, 4)),
        )


def test_a_network_that_reads_its_strands_differently_is_refused_when_it_is_built(tmp_path):
    path = tmp_path / "flat.py"
    path.write_text("from tests.models.test_equivariance import Flat\n", encoding="utf-8")
    assert build_network(f"{path}:Flat", spec_of(40)).n_features == 4  # an option that is not given says nothing
    with pytest.raises(UserError, match=r"logits that differ by .* is to be equivariant\n.*through merge"):
        build_network(f"{path}:Flat", spec_of(40), {"layers": "equivariant"})


def test_the_check_tells_the_difference_and_leaves_the_mode():
    network = network_of("wide", spec_of(101)).train()
    modes = [part.training for part in network.modules()]
    assert check_equivariance(network) < 1e-5
    assert [part.training for part in network.modules()] == modes
    with pytest.raises(UserError, match="differ by"):
        check_equivariance(build_network("wide", spec_of(101), OURS["wide"]))


def test_not_a_number_is_no_equal():
    network = network_of("motif_cnn", spec_of(101))
    nn.init.constant_(network.head[0].linear.bias, torch.nan)
    with pytest.raises(UserError, match="differ by nan"):
        check_equivariance(network)


# --- Saved, predicted with, attributed ---


@pytest.mark.parametrize("encoder", OURS)
def test_a_saved_one_is_the_same_after_loading(encoder, tmp_path):
    spec = spec_of(101, FLIP)
    card = ModelCard(encoder, spec, OURS[encoder] | {"layers": {"name": "equivariant", "filters": "half"}}, "forward")
    network = stirred(card.build())
    save_model(tmp_path, network, card)
    x = random_windows(spec, 3)
    assert card.is_equivariant and torch.equal(load_network(tmp_path)(x), network(x))
    assert not ModelCard(encoder, spec, OURS[encoder]).is_equivariant


@pytest.mark.parametrize("layers", [{}, {"filters": "half", "merge": "average"}])
@pytest.mark.parametrize("encoder", OURS)
def test_made_over_for_prediction_it_has_no_tied_layers_and_the_same_logits(encoder, layers):
    network, x = network_of(encoder, spec_of(101), **layers), one_hot_windows(7, 101)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    faster = for_inference(network)
    kinds = {type(part) for part in faster.modules()}
    assert not kinds & {EquivariantConv1d, EquivariantBatchNorm, nn.MaxPool1d} and LayoutMaxPool1d in kinds
    with torch.inference_mode():
        torch.testing.assert_close(faster(x), network(x), rtol=1e-5, atol=1e-5)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_the_summary_counts_what_is_stored():
    record = summary_record(network_of("wide", spec_of(101)), "wide")
    kinds = [row["kind"] for row in record["layers"]]
    assert kinds.count("SumOfStrands") == 2 and record["layers"][0]["shape"] == (24, 101)
    assert record["layers"][0]["parameters"] == 12 * 4 * 19


@pytest.mark.parametrize("encoder", OURS)
def test_no_module_runs_twice_and_the_batch_keeps_its_size(encoder):
    """traps 9 and 10."""
    network, calls = network_of(encoder, spec_of(101)), Counter()
    for name, module in network.named_modules():
        if not list(module.children()):

            def count(module, inputs, output, name=name):
                calls[name] += 1
                assert len(output) == 3

            module.register_forward_hook(count)
    network(one_hot_windows(3, 101))
    assert set(calls.values()) == {1}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("encoder", OURS)
def test_deeplift_sums_to_the_difference_and_is_the_same_for_both_strands(encoder):
    """traps 9, 10 and 11."""
    attribute = pytest.importorskip("tangermeme.deep_lift_shap").deep_lift_shap
    one = output(network_of(encoder, spec_of(101)), "task 0")
    x, references = one_hot_windows(3, 101, share_of_n=0.0), one_hot_windows(6, 101, seed=1, share_of_n=0.0)
    references = references.view(3, 2, 4, 101)
    settings = {"references": references, "device": "cpu", "n_shuffles": 2, "warning_threshold": 1e-4}
    found = attribute(one, x, **settings)
    delta = one(x)[:, 0] - one(references.flatten(0, 1))[:, 0].view(3, 2).mean(1)
    torch.testing.assert_close(found.sum((1, 2)), delta, rtol=0, atol=1e-4)
    other = attribute(one, x.flip(1, 2), **settings | {"references": references.flip(2, 3)})
    torch.testing.assert_close(other.flip(1, 2), found, rtol=0, atol=1e-5)
