"""The networks of the benchmark of strands: sizes as published, Keras's first weights, and each way of two strands."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from cislearn.errors import UserError
from cislearn.experiment.reading import make_config
from cislearn.models.batch_norm import BatchNorm
from cislearn.models.equivariant import Hybrid
from cislearn.models.inference import for_inference
from cislearn.models.network import build_network, output
from cislearn.models.strands import other_strand
from tests.models.conftest import one_hot_windows
from tests.models.test_equivariance import spec_of, stirred

SMALL = {
    "zhou_simulated": {"filters": 6, "width": 6, "pool": 5},
    "zhou_binary": {"filters": 4, "widths": [5, 4, 4], "pool": 6, "stride": 4},
}

WIDER = {"zhou_simulated": {"width": 7}, "zhou_binary": {"widths": [6, 4, 4]}}


def equivariant(**options: str) -> dict[str, dict[str, str]]:
    return {"layers": {"name": "equivariant", **options}}


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("length", [200, 1000])
def test_the_simulated_one_has_the_parameters_and_shapes_of_the_publication(length):
    """20 filters x 84 + 20 offsets, scale and offset of 20 norms, (L - 20) / 20 x 20 x 3 + 3 of the dense layer."""
    spec, places = spec_of(length, tasks=3), (length - 20) // 20
    plain = build_network("zhou_simulated", spec)
    pairs, half = (build_network("zhou_simulated", spec, equivariant(filters=each)) for each in ("pairs", "half"))
    assert count(plain) == count(pairs) == 20 * 85 + 40 + 60 * places + 3
    assert count(half) == 10 * 85 + 20 + 30 * places + 3
    assert [n.n_features for n in (plain, pairs, half)] == [20 * places, 20 * places, 10 * places]
    assert length != 200 or count(plain) == 2283


@pytest.mark.parametrize("length", [200, 1000])
def test_the_binary_one_has_the_parameters_and_shapes_of_the_publication(length):
    spec, places = spec_of(length), (length - 40 - 40) // 20 + 1
    plain = build_network("zhou_binary", spec)
    pairs, half = (build_network("zhou_binary", spec, equivariant(filters=each)) for each in ("pairs", "half"))
    first, further = 16 * 4 * 15 + 16, 16 * 14 * 16 + 16
    assert count(plain) == first + 2 * further + 3 * 32 + 16 * places + 1
    assert count(pairs) == first + 2 * (16 * 14 * 32 + 16) + 3 * 32 + 16 * places + 1
    assert count(half) == first / 2 + 2 * (8 * 14 * 16 + 8) + 3 * 16 + 8 * places + 1
    assert length != 1000 or places == 47


def test_it_begins_as_keras_has_it():
    network = build_network("zhou_binary", spec_of(1000), equivariant())
    conv, dense = network.encoder.stages[1].linear, network.head[0].linear
    bound = (6 / (14 * (32 + 16))) ** 0.5
    assert 0.98 * bound < conv.weight.abs().max() <= bound
    assert dense.weight.abs().max() <= (6 / (47 * 16 + 1)) ** 0.5
    assert conv.bias.abs().max() == dense.bias.abs().max() == 0
    norms = [part for part in network.modules() if isinstance(part, BatchNorm)]
    assert {(norm.eps, norm.momentum) for norm in norms} == {(1e-3, 0.01)} and len(norms) == 3


def test_it_is_the_published_stack_in_its_order():
    """Oracle: convolution, batch norm, ReLU three times, then the maximum, by PyTorch's functions: same values, slopes.

    Ours has the last ReLU behind the maximum.
    """
    x = one_hot_windows(5, 40)
    ours = stirred(build_network("zhou_binary", spec_of(40), SMALL["zhou_binary"]))
    theirs = {name: value.detach().clone().requires_grad_() for name, value in ours.named_parameters()}
    h, kept = x, dict(ours.named_buffers())
    for stage in (f"encoder.stages.{number}" for number in range(3)):
        conv = [theirs[f"{stage}.linear.{part}"] for part in ("weight", "bias")]
        statistics = [kept[f"{stage}.norm.running_{part}"] for part in ("mean", "var")]
        scale = [theirs[f"{stage}.norm.{part}"] for part in ("weight", "bias")]
        h = F.relu(F.batch_norm(F.conv1d(h, *conv), *statistics, *scale, eps=1e-3))
    dense = [theirs[f"head.0.linear.{part}"] for part in ("weight", "bias")]
    expected, found = F.linear(F.max_pool1d(h, 6, 4).flatten(1), *dense), ours(x)
    torch.testing.assert_close(found, expected)
    for network in (found, expected):
        network.square().sum().backward()
    for name, value in ours.named_parameters():
        torch.testing.assert_close(value.grad, theirs[name].grad, rtol=1e-4, atol=1e-5)


def test_without_batch_norm_it_is_what_the_published_rcps_is_in_effect():
    """Oracle: tied convolution, ReLU, maximum, sum of the strands and dense layer by PyTorch's functions."""
    torch.manual_seed(0)
    ours = build_network("zhou_simulated", spec_of(200, tasks=3), equivariant() | {"batch_norm": False}).double()
    assert count(ours) == 2283 - 40 and not any(isinstance(part, BatchNorm) for part in ours.modules())
    x = one_hot_windows(5, 200).double()
    conv, dense = ours.encoder.stages[0].linear, ours.head[0].linear
    with torch.no_grad():
        conv.bias.normal_()
        dense.bias.normal_()
        both = [conv.weight, conv.weight.flip(0, 1, 2)], [conv.bias, conv.bias.flip(0)]
        h = F.max_pool1d(F.relu(F.conv1d(x, *(torch.cat(each) for each in both))), 20, 20)
        expected = F.linear((h[:, :20] + h[:, 20:].flip(1, 2)).flatten(1), dense.weight, dense.bias)
        found = ours(x)
        torch.testing.assert_close(found, expected)
        torch.testing.assert_close(ours(other_strand(x, ours.spec)), found, rtol=0, atol=1e-6)
        torch.testing.assert_close(for_inference(ours)(x), found)


@pytest.mark.parametrize("length", [40, 41])
@pytest.mark.parametrize("hybrid", [False, True])
@pytest.mark.parametrize("options", [{}, {"filters": "half"}, {"merge": "average"}, {"merge": "weighted_sum"}])
@pytest.mark.parametrize("encoder", SMALL)
def test_both_strands_get_the_same_logits(encoder, options, hybrid, length):
    """trap 1: to 1e-6 in double precision; of odd and even lengths each is taken that the pooling divides."""
    sizes = SMALL[encoder] | ({} if length == 40 else WIDER[encoder])
    spec = spec_of(length)
    torch.manual_seed(0)
    network = stirred(build_network(encoder, spec, sizes | equivariant(**options) | {"hybrid": hybrid})).double()
    x = one_hot_windows(5, length).double()
    found = network(x)
    torch.testing.assert_close(network(other_strand(x, spec)), found, rtol=0, atol=1e-6)
    assert found.std() > 1e-3
    torch.testing.assert_close(for_inference(network)(x), found)


def test_a_length_that_the_pooling_does_not_divide_is_refused_with_the_nearest():
    message = r"windows of 101 bp: a pooling of 20 positions every 20 over 81 .* 1 fewer \(80\) or 19 more \(100\)"
    with pytest.raises(UserError, match=message):
        build_network("zhou_simulated", spec_of(101), equivariant())
    assert build_network("zhou_simulated", spec_of(101)).n_features == 80
    with pytest.raises(UserError, match="leave 17 positions, fewer than the pooling of 40"):
        build_network("zhou_binary", spec_of(57))


def test_the_weighted_sum_is_one_logit_and_the_hybrid_equivariant():
    with pytest.raises(UserError, match="weighted_sum ends in one logit, and the dataset has 3"):
        build_network("zhou_simulated", spec_of(200, tasks=3), equivariant(merge="weighted_sum"))
    with pytest.raises(UserError, match="hybrid is for reverse_complement"):
        build_network("zhou_simulated", spec_of(200), {"hybrid": True})
    network = build_network("zhou_binary", spec_of(1000), equivariant(merge="weighted_sum"))
    assert not list(network.head.parameters()) and network.n_features == 16


def test_the_weighted_sum_is_a_dense_layer_on_the_sum_without_its_offset():
    """Identity: sum_i sum_l w_i(l) s_i(l) either way."""
    spec, sizes, x = spec_of(40), SMALL["zhou_simulated"], one_hot_windows(4, 40)
    weighted, summed = (
        build_network("zhou_simulated", spec, sizes | equivariant(merge=how)).eval() for how in ("weighted_sum", "sum")
    )
    summed.encoder.load_state_dict(weighted.encoder.state_dict(), strict=False)
    with torch.no_grad():
        weight = next(v for k, v in weighted.state_dict().items() if k.endswith("pool.1.weight"))
        summed.head[0].linear.weight.copy_(weight.flatten()[None])
    torch.testing.assert_close(weighted(x), summed(x))


def test_the_hybrid_has_the_parameters_of_one_strand_and_both_strands_outputs():
    """Oracle: [g(x), R g(R x)] with g of the plain network's weights, first half one strand, second the other."""
    spec, x = spec_of(40), one_hot_windows(3, 40)
    plain = build_network("zhou_binary", spec, SMALL["zhou_binary"])
    hybrid = build_network("zhou_binary", spec, SMALL["zhou_binary"] | equivariant() | {"hybrid": True})
    assert count(plain) == count(hybrid)
    part = hybrid.encoder.stages[0].linear
    assert isinstance(part, Hybrid)
    h = part.eval()(x)
    assert torch.equal(h[:, :4], part.inner(x))
    assert torch.equal(h[:, 4:], part.inner(x.flip(1, 2)).flip(1, 2))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("hybrid", [False, True])
@pytest.mark.parametrize("encoder", SMALL)
def test_deeplift_sums_to_the_difference(encoder, hybrid):
    """traps 9, 10 and 11: a hybrid reads the strands in two calls."""
    attribute = pytest.importorskip("tangermeme.deep_lift_shap").deep_lift_shap
    torch.manual_seed(0)
    network = stirred(build_network(encoder, spec_of(40), SMALL[encoder] | equivariant() | {"hybrid": hybrid}))
    calls: Counter[int] = Counter()
    for part in network.modules():
        if isinstance(part, nn.ReLU):
            part.register_forward_hook(lambda part, *_: calls.update([id(part)]))
    one, x = output(network, "task 0"), one_hot_windows(3, 40, share_of_n=0.0)
    assert one(x).shape == (3, 1) and set(calls.values()) == ({1, 2} if hybrid and encoder == "zhou_binary" else {1})
    references = one_hot_windows(6, 40, seed=1, share_of_n=0.0).view(3, 2, 4, 40)
    found = attribute(one, x, references=references, device="cpu", n_shuffles=2, warning_threshold=1e-4)
    delta = one(x)[:, 0] - one(references.flatten(0, 1))[:, 0].view(3, 2).mean(1)
    torch.testing.assert_close(found.sum((1, 2)), delta, rtol=0, atol=1e-4)


def test_recipes_are_those_of_the_publication():
    simulated, binary = (
        make_config({"data": {"path": "x"}}, [f"model.encoder=zhou_{name}"]).training
        for name in ("simulated", "binary")
    )
    assert (simulated.epochs, simulated.batch_size, simulated.patience) == (200, 500, 10)
    assert (binary.batch_size, binary.validate_every) == (100, 50)
    for training in (simulated, binary):
        assert (training.optimiser.name, training.optimiser.learning_rate) == ("adam", 1e-3)
        assert (training.optimiser.decay, training.optimiser.weight_decay, training.gradient_clip) == (
            "constant",
            0,
            None,
        )
        assert training.weight_average == training.max_shift == 0
