"""Layers on maps of both strands: that they turn with the window, and compute what the paper says."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn

from cislearn.errors import UserError
from cislearn.models.equivariant import (
    EquivariantBatchNorm,
    EquivariantConv1d,
    Hybrid,
    PairedDropout,
    SumOfStrands,
    WeightedSum,
    symmetric_pool,
    turned,
    widened_pool,
)
from cislearn.models.layers import BatchNorm, Layers, PlainLayers, layers

DOUBLE = torch.float64


def maps(n: int, channels: int, length: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, channels, length, dtype=DOUBLE, generator=torch.Generator().manual_seed(seed))


def assert_turns(layer: nn.Module, h: torch.Tensor) -> None:
    """Layer of turned map equals turned map of layer, and is not blind to the strand."""
    found = layer(h)
    torch.testing.assert_close(layer(turned(h)), turned(found), rtol=0, atol=1e-10)
    assert not torch.allclose(found, turned(found), atol=1e-3)


# --- Convolution ---


@pytest.mark.parametrize(("width", "length"), list(itertools.product((1, 2, 5, 6), (20, 21))))
@pytest.mark.parametrize(("channels", "dilation"), [(4, 1), (6, 2)])
def test_a_convolution_turns_with_its_input(width, length, channels, dilation):
    """traps 1 and 2: the filter of the other strand is turned along input channels and length."""
    assert_turns(EquivariantConv1d(channels, 6, width, dilation=dilation).double(), maps(2, channels, length))


@pytest.mark.parametrize("length", [20, 21])
def test_with_zeros_on_both_sides_it_turns_and_keeps_its_length(length):
    conv = layers("equivariant").conv(6, 2, 5, dilation=2).double()
    assert conv(maps(2, 6, length)).shape == (2, 4, length)
    assert_turns(conv, maps(2, 6, length))


@pytest.mark.parametrize("width", [2, 3])
def test_it_is_the_formula_of_the_paper(width):
    """Oracle: W[2f'-1-i, 2f-1-c, k-1-j] = W[i, c, j], summed one product at a time."""
    conv, h = EquivariantConv1d(4, 6, width).double(), maps(1, 4, 7)
    full, offsets = torch.full((6, 4, width), torch.nan, dtype=DOUBLE), torch.full((6,), torch.nan, dtype=DOUBLE)
    for i, c, j in itertools.product(range(3), range(4), range(width)):
        full[i, c, j] = full[5 - i, 3 - c, width - 1 - j] = conv.weight[i, c, j]
        offsets[i] = offsets[5 - i] = conv.bias[i]
    expected = torch.zeros(1, 6, 8 - width, dtype=DOUBLE)
    for i, place in itertools.product(range(6), range(8 - width)):
        terms = [full[i, c, j] * h[0, c, place + j] for c, j in itertools.product(range(4), range(width))]
        expected[0, i, place] = sum(terms) + offsets[i]
    torch.testing.assert_close(conv(h), expected)


@pytest.mark.parametrize("width", [4, 5])
def test_it_is_the_regular_convolution_of_equirc(width):
    """Oracle: the layers of Mallet and Vert, whose filters are tied the same way, given our filters."""
    theirs = pytest.importorskip("equirc.pytorch_rclayers").RegToRegConv(2, 3, width)
    ours, h = EquivariantConv1d(4, 6, width, bias=False).double(), maps(2, 4, 15)
    kernel = ours.kernel().detach()
    theirs.left_kernel = nn.Parameter(kernel[:, :, : width // 2])
    if width % 2:
        theirs.half_center = nn.Parameter(kernel[:, :, width // 2 : width // 2 + 1])
    torch.testing.assert_close(ours(h), theirs(h))


def test_tracks_are_turned_along_the_window_alone():
    conv = layers("equivariant").first(7, 6, 4, padding="valid").double()
    x = maps(2, 7, 12)
    other = torch.cat([x[:, :4].flip(1), x[:, 4:]], dim=1).flip(2)
    torch.testing.assert_close(conv(other), turned(conv(x)), rtol=0, atol=1e-10)
    assert not torch.allclose(conv(turned(x)), turned(conv(x)), atol=1e-3)


def test_filters_of_the_wrong_axis_do_not_turn():
    """trap 2: turned along output and input channels, as EUGENe has it, a convolution is not equivariant."""
    conv, h = EquivariantConv1d(4, 6, 5).double(), maps(2, 4, 15)
    conv.kernel = lambda: torch.cat([conv.weight, conv.weight.flip(0, 1)])
    with pytest.raises(AssertionError):
        assert_turns(conv, h)


def test_both_strands_of_a_filter_learn():
    conv, h = EquivariantConv1d(4, 2, 3, bias=False).double(), maps(2, 4, 9)
    assert torch.autograd.gradcheck(lambda w: torch.func.functional_call(conv, {"weight": w}, h), conv.weight)


@pytest.mark.parametrize(("c_in", "c_out"), [(4, 5), (3, 4)])
def test_maps_without_pairs_are_refused(c_in, c_out):
    with pytest.raises(ValueError, match="are no pairs, one for each strand"):
        EquivariantConv1d(c_in, c_out, 3)


# --- Normalisation, dropout ---


@pytest.mark.parametrize("shape", [(9, 6), (9, 6, 14), (9, 6, 15)])
def test_batch_norm_is_that_of_both_halves_side_by_side(shape):
    """Oracle: PyTorch's, given the second half of the map turned as further examples; values, gradients, statistics."""
    z = (3 * torch.randn(shape, dtype=DOUBLE) + 1).requires_grad_()
    ours, theirs = EquivariantBatchNorm(6).double(), nn.BatchNorm1d(3).double()
    with torch.no_grad():
        for norm in (ours, theirs):
            norm.weight.copy_(torch.tensor([-1.0, 0.5, 2.0]))
            norm.bias.copy_(torch.tensor([3.0, 0.0, 1.0]))

    def oracle(z):
        first, second = theirs(torch.cat([z[:, :3], z[:, 3:].flip(1)])).chunk(2)
        return torch.cat([first, second.flip(1)], dim=1)

    weights = torch.randn(shape, dtype=DOUBLE)
    for _ in range(2):
        one, other = ours(z), oracle(z)
        torch.testing.assert_close(one, other)
        found, expected = (
            torch.autograd.grad((y * weights).sum(), [z, *norm.parameters()])
            for y, norm in ((one, ours), (other, theirs))
        )
        torch.testing.assert_close(found, expected)
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict())
    torch.testing.assert_close(ours.eval()(z), theirs.eval() and oracle(z))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("length", [14, 15])
def test_batch_norm_turns_with_its_input_in_both_modes(training, length):
    norm = EquivariantBatchNorm(6).double().train(training)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.running_mean)
    assert_turns(norm, maps(4, 6, length))


@pytest.mark.parametrize("shape", [(90, 6), (9, 6, 14)])
def test_in_bfloat16_batch_norm_is_that_of_single_precision_to_its_rounding(shape):
    """As `precision: auto` computes, statistics and parameters staying in single precision."""
    # Numbers that both precisions have: what differs is the rounding within, and no sum of rounded numbers near 0.
    z, weights = ((3 * torch.randn(shape) + 5).bfloat16().float(), torch.randn(shape).bfloat16().float())
    found = []
    for dtype in (torch.float32, torch.bfloat16):
        norm, x = EquivariantBatchNorm(6), z.to(dtype, copy=True).requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
            y = norm(x)
        assert y.dtype == dtype
        gradients = torch.autograd.grad((y.float() * weights).sum(), [x, *norm.parameters()])
        found.append([part.detach().float() for part in (y, *gradients, norm.running_mean, norm.running_var)])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(other, one, rtol=0.02, atol=0.02 * float(one.abs().max()))


@pytest.mark.parametrize("shape", [(9, 6), (9, 6, 14)])
def test_the_halves_of_batch_norm_make_the_whole(shape):
    z, norm = torch.randn(shape, dtype=DOUBLE), EquivariantBatchNorm(6).double()
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    assert isinstance(norm, BatchNorm) and norm.folded(z).shape[1] == 3
    torch.testing.assert_close(norm.scale_and_offset(norm.normalise(z, norm.statistics(z))), norm(z))


def test_dropout_hides_pairs_and_as_many_as_it_should():
    dropout, h = PairedDropout(0.3), torch.ones(50, 8, 41)
    dropped = dropout(h)
    torch.testing.assert_close(dropped, turned(dropped))
    torch.testing.assert_close(dropped.unique(), torch.tensor([0.0, 1 / 0.7]))
    assert (dropped == 0).float().mean().item() == pytest.approx(0.3, abs=0.02)
    assert dropout.eval()(h) is h


# --- Pooling ---


@pytest.mark.parametrize(("length", "width", "stride"), [(20, 5, 5), (960, 40, 20), (21, 5, 2)])
def test_pooling_turns_where_the_windows_lie_evenly(length, width, stride):
    pool, h = symmetric_pool(width, stride), maps(2, 4, length)
    assert_turns(pool, h)
    torch.testing.assert_close(pool(h), nn.MaxPool1d(width, stride)(h))


@pytest.mark.parametrize(
    ("width", "stride", "length", "message"),
    [
        (20, 20, 81, r"20 positions every 20 over 81 leaves 1 out .* 1 fewer \(80\) or 19 more \(100\)"),
        (40, 20, 50, r"40 positions every 20 over 50 leaves 10 out .* 10 fewer \(40\) or 10 more \(60\)"),
        (4, 4, 3, r"4 positions every 4 over 3 .* take 1 more \(4\)"),
    ],
)
def test_a_pooling_that_would_leave_positions_out_is_refused_with_the_nearest_lengths(width, stride, length, message):
    with pytest.raises(ValueError, match=message):
        symmetric_pool(width, stride)(maps(1, 4, length))


@pytest.mark.parametrize("length", [100, 101, 102, 103, 7, 4])
def test_widened_windows_are_as_many_and_turn(length):
    pool, h = widened_pool(4, length), maps(2, 6, length)
    assert pool(h).shape == nn.MaxPool1d(4)(h).shape
    torch.testing.assert_close(pool(turned(h)), turned(pool(h)))
    if length % 4 == 0:
        torch.testing.assert_close(pool(h), nn.MaxPool1d(4)(h))


# --- Endings ---


@pytest.mark.parametrize("length", [8, 9])
@pytest.mark.parametrize("how", ["sum", "average", "weighted_sum"])
def test_merged_maps_are_blind_to_the_strand(how, length):
    (merge,), left = layers({"name": "equivariant", "merge": how}).merge(6, length)
    h = maps(2, 6, length)
    found = merge.double()(h)
    assert left == 3 and found.shape == (2, 3, 1 if how == "weighted_sum" else length)
    torch.testing.assert_close(merge(turned(h)), found, rtol=0, atol=1e-10)


def test_the_sum_is_that_of_partners():
    """Oracle: s_i(l) = h_i(l) + h_{2f-1-i}(L-1-l), one number at a time."""
    h, found = maps(1, 6, 5), SumOfStrands()(maps(1, 6, 5))
    for i, place in itertools.product(range(3), range(5)):
        assert found[0, i, place] == h[0, i, place] + h[0, 5 - i, 4 - place]
    torch.testing.assert_close(SumOfStrands(0.5)(h), found / 2)
    torch.testing.assert_close(SumOfStrands()(h[:, :, 0]), h[:, :3, 0] + h[:, 3:, 0].flip(1))


def test_the_weighted_sum_ties_positions_of_partners():
    """Oracle: W[2f-1-i, L-1-l] = W[i, l]."""
    layer, h = WeightedSum(6, 5).double(), maps(2, 6, 5)
    whole = torch.cat([layer.weight, turned(layer.weight[None])[0]])
    per_channel = (h * whole).sum(2)
    torch.testing.assert_close(layer(h)[:, :, 0], per_channel[:, :3] + per_channel[:, 3:].flip(1))


@pytest.mark.parametrize("length", [20, 21])
def test_a_hybrid_of_any_network_turns_with_its_input(length):
    inner = nn.Sequential(nn.Conv1d(4, 5, 4), nn.ReLU()).double()
    assert_turns(Hybrid(inner), maps(2, 4, length))


# --- The factory ---


@pytest.mark.parametrize(("filters", "channels"), [("pairs", 12), ("half", 6)])
def test_channels_of_pairs_and_of_half_the_filters(filters, channels):
    make = layers({"name": "equivariant", "filters": filters})
    assert isinstance(make, Layers) and isinstance(make, PlainLayers)
    assert make.channels(6) == channels
    assert len(make.conv(4, 6, 3).weight) == channels // 2


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ({"name": "equivariant", "filters": "both"}, "filters 'both' is not known; known: pairs, half"),
        ({"name": "equivariant", "merge": "max"}, "merge 'max' is not known; known: sum, average, weighted_sum"),
        ({"name": "equivariant", "merg": "sum"}, r"layers equivariant has no option 'merg'; did you mean merge\?"),
        ({"name": "equivarient"}, r"did you mean equivariant\?"),
        ({"filters": "half"}, "layers None are not known"),
    ],
)
def test_options_that_cannot_be_are_refused(kind, message):
    with pytest.raises(UserError, match=message):
        layers(kind)


def test_odd_numbers_have_no_half_and_one_position_no_weights():
    with pytest.raises(ValueError, match="7 channels are no pairs"):
        layers({"name": "equivariant", "filters": "half"}).conv(4, 7, 3)
    with pytest.raises(ValueError, match="weighs positions"):
        layers({"name": "equivariant", "merge": "weighted_sum"}).merge(6)


def test_ordinary_layers_have_nothing_to_merge():
    assert layers("plain").merge(6, 10) == ([], 6)
    assert layers("plain").first(5, 3, 7).weight.shape == (3, 5, 7)
    assert isinstance(layers("channels_last").dropout(0.2), nn.Dropout)
    assert layers("plain").pool(40, stride=20)(torch.zeros(1, 1, 960)).shape == (1, 1, 47)
