"""Convolutions that read each window once: the values and gradients of plain ones, on fewer rows."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cislearn.explain.pairs import Pairs, convolve_pairs, sharing_windows
from cislearn.models.convolution import BasesConv1d, ChannelsLastConv1d

CONVS = {
    "plain": lambda: nn.Conv1d(4, 6, 5, padding=2),
    "strided": lambda: nn.Conv1d(4, 6, 5, stride=2, dilation=2),
    "channels_last": lambda: ChannelsLastConv1d(4, 6, 5, padding=2),
    "bases": lambda: BasesConv1d.of(ChannelsLastConv1d(4, 6, 5, padding=2)),
}


def rows_of_pairs(windows=(3, 1, 2)):
    """Each window as often as it has references, and these below."""
    torch.manual_seed(0)
    x = torch.cat([torch.randn(1, 4, 20).expand(n, -1, -1) for n in windows])
    return torch.cat([x, torch.randn(x.shape)]).double()


@pytest.mark.parametrize("kind", CONVS)
def test_values_and_multipliers_are_those_of_the_convolution(kind):
    conv, x, pairs = CONVS[kind]().double(), rows_of_pairs(), Pairs()
    pairs.look_at(x)
    read = []
    conv.register_forward_pre_hook(lambda _module, given: read.append(len(given[0])))
    shared = x.clone().requires_grad_()
    found = convolve_pairs(conv, pairs, shared)
    assert sorted(read) == [3, 6]  # windows, references
    plain = x.clone().requires_grad_()
    expected = conv(plain)
    torch.testing.assert_close(found, expected)
    half = torch.randn_like(expected[:6])
    above = torch.cat([half, half])  # by the rescale rule multipliers of both are the same
    gradients = [torch.autograd.grad(y, at, above)[0] for y, at in ((found, shared), (expected, plain))]
    torch.testing.assert_close(*gradients)


def test_neighbours_are_one_window_only_where_all_of_their_channels_agree():
    """The same sequence with other tracks is another window."""
    pairs, x = Pairs(), rows_of_pairs((2, 2))
    x[1, 3, 7] += 1
    pairs.look_at(x)
    assert pairs.first.tolist() == [0, 1, 2] and pairs.window.tolist() == [0, 1, 2, 2]


def test_rows_that_are_no_pairs_go_through_the_convolution_itself():
    conv, pairs, x = nn.Conv1d(4, 2, 3).double(), Pairs(), rows_of_pairs()
    pairs.look_at(x)
    torch.testing.assert_close(convolve_pairs(conv, pairs, x[:5]), conv(x[:5]))


def test_the_model_stays_as_it_is_and_its_weights_are_not_copied():
    """A whole model gives the same, and knows of the pairs; the one that it was made of does not."""
    model = nn.Sequential(nn.Conv1d(4, 2, 3), nn.ReLU(), nn.Sequential(ChannelsLastConv1d(2, 2, 3, padding=1))).double()
    pairs, x = Pairs(), rows_of_pairs()
    pairs.look_at(x)
    shared = sharing_windows(model, pairs)
    torch.testing.assert_close(shared(x), model(x))
    assert all(a is b for a, b in zip(model.parameters(), shared.parameters(), strict=True))
    assert "forward" in vars(shared[0]) and "forward" in vars(shared[2][0]) and "forward" not in vars(model[0])
