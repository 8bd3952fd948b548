from __future__ import annotations

import pytest
import torch
from torch import nn

from cislearn.errors import UserError
from cislearn.models.equivariant import EquivariantBatchNorm
from cislearn.models.layers import BatchNorm, ChannelsLastBatchNorm, layers
from cislearn.models.stages import Stage

ORDINARY = ["channels_last", "plain"]


@pytest.mark.parametrize("kind", ORDINARY)
@pytest.mark.parametrize("shape", [(9, 5), (9, 5, 14)])
def test_the_halves_of_batch_norm_make_the_whole(shape, kind):
    z = 3 * torch.randn(shape) + 1
    ours, theirs = layers(kind).norm(5), nn.BatchNorm1d(5)
    for norm in (ours, theirs):
        with torch.no_grad():
            norm.weight.copy_(torch.linspace(-1, 2, 5))
            norm.bias.copy_(torch.linspace(3, 0, 5))
    halves = ours.scale_and_offset(ours.normalise(z, ours.statistics(z)))
    whole = theirs(z)
    torch.testing.assert_close(halves, whole)
    torch.testing.assert_close(ours(z), whole)
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict())
    torch.testing.assert_close(ours.eval()(z), theirs.eval()(z))


def test_normalised_with_their_own_statistics_channels_have_mean_zero_and_sd_one():
    z = 3 * torch.randn(40, 5, 14, dtype=torch.float64) + 1
    norm = BatchNorm(5, eps=0.0).double()
    mean, variance = norm.statistics(norm.normalise(z, norm.statistics(z)))
    torch.testing.assert_close(mean, torch.zeros(5, dtype=torch.float64))
    torch.testing.assert_close(variance, torch.ones(5, dtype=torch.float64))


@pytest.mark.parametrize("kind", [BatchNorm, ChannelsLastBatchNorm, EquivariantBatchNorm])
@pytest.mark.parametrize("shape", [(9, 6), (9, 6, 14)])
@pytest.mark.parametrize("turned", [False, True])
def test_normalised_by_themselves_in_one_operation_as_in_two(kind, shape, turned):
    """Values and gradients, however the numbers lie in memory."""
    norm, found = kind(6).double(), []
    z = torch.randn(shape, dtype=torch.float64)
    z = z.mT.contiguous().mT if turned else z
    weights = torch.randn(shape, dtype=torch.float64)
    for way in (norm.normalise_itself, lambda x: norm.normalise(x, norm.statistics(x))):
        x = z.clone().requires_grad_()
        y = way(x)
        found.append((y.detach(), *torch.autograd.grad((y * weights).sum(), x)))
    torch.testing.assert_close(*found, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", ORDINARY)
@pytest.mark.parametrize(("width", "dilation", "bias"), [(1, 1, True), (5, 1, False), (5, 3, True)])
def test_every_kind_of_convolution_keeps_the_length_and_equals_pytorch(kind, width, dilation, bias):
    conv = layers(kind).conv(3, 4, width, dilation=dilation, bias=bias)
    x = torch.randn(2, 3, 21)
    padding = (width - 1) * dilation // 2
    expected = nn.functional.conv1d(x, conv.weight, conv.bias, padding=padding, dilation=dilation)
    assert conv(x).shape == (2, 4, 21)
    torch.testing.assert_close(conv(x), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ORDINARY)
@pytest.mark.parametrize("width", [4, 5])
def test_without_padding_a_filter_of_any_width_lies_within(kind, width):
    conv = layers(kind).conv(3, 4, width, dilation=2, padding="valid")
    x = torch.randn(2, 3, 21)
    torch.testing.assert_close(
        conv(x), nn.functional.conv1d(x, conv.weight, conv.bias, dilation=2), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("kind", ORDINARY)
def test_the_rest_of_the_factory(kind):
    make = layers(kind)
    x = torch.arange(24.0).view(2, 2, 6)
    torch.testing.assert_close(make.pool(3)(x), torch.stack([x[..., :3].amax(-1), x[..., 3:].amax(-1)], -1))
    torch.testing.assert_close(make.global_pool(6)(x), x.amax(-1))
    assert make.activation() is not make.activation()
    assert isinstance(make.norm(2), BatchNorm)
    assert make.dense(3, 5)(torch.zeros(1, 3)).shape == (1, 5)


def test_unknown_layers_are_refused_with_the_nearest():
    with pytest.raises(UserError, match=r"layers 'pain' are not known; did you mean plain\?"):
        layers("pain")


def test_a_stage_applies_its_parts_in_order_and_leaves_out_what_is_not_there():
    linear, norm, pool = nn.Linear(4, 3), BatchNorm(3), nn.Softmax(1)
    x = torch.randn(6, 4)
    full = Stage(linear, norm, nn.ReLU(), pool)
    torch.testing.assert_close(full(x), pool(norm(linear(x)).relu()))
    assert Stage(linear, pool=pool).parts == [linear, pool]
    torch.testing.assert_close(Stage(linear)(x), linear(x))
