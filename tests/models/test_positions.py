from __future__ import annotations

from functools import reduce

import pytest
import torch
from torch import nn

from cislearn.errors import UserError
from cislearn.models.encoder import OneStage
from cislearn.models.network import build_network
from cislearn.models.positions import FINEST, deepest_map, position_features, steps_of
from cislearn.schema import DataSpec, TaskSpec
from tests.models.conftest import one_hot_windows


def spec_of(length):
    return DataSpec((TaskSpec("bound"),), ("a",), length)


@pytest.mark.parametrize(
    ("name", "length", "features", "positions"),
    [
        ("motif_cnn", 101, 96, 25),
        ("wide", 101, 128, 25),
        ("basset", 600, 200, 184),  # the next map has 46 positions of 13 bases
        ("alexnet", 600, 256, 75),
        ("inception", 600, 480, 75),
    ],
)
def test_the_deepest_map_has_a_position_for_every_eight_bases(name, length, features, positions):
    encoder = build_network(name, spec_of(length)).encoder
    depth, *shape = deepest_map(encoder, 4, length)
    assert shape == [features, positions] and length // positions <= FINEST
    x = torch.randn(2, 4, length)
    found = position_features(encoder.eval(), x, depth)
    assert found.shape == (2, features, positions)
    further = list(steps_of(encoder))[depth](found)
    assert further.dim() == 2 or length // further.shape[2] > FINEST


@pytest.mark.parametrize(("name", "length"), [("wide", 101), ("alexnet", 600), ("zhou_binary", 200)])
def test_the_map_of_equivariant_layers_still_tells_the_strands_apart(name, length):
    """trap 1: once strands are summed, a position stands for two places of the window."""
    encoder = build_network(name, spec_of(length), {"layers": "equivariant"}).encoder.eval()
    depth, *_ = deepest_map(encoder, 4, length)
    x = one_hot_windows(2, length)
    here, turned = (position_features(encoder, each, depth) for each in (x, x.flip(1, 2)))
    torch.testing.assert_close(turned.flip(1, 2), here, rtol=1e-4, atol=1e-5)
    assert (turned - here).abs().max() > 1e-2


@pytest.mark.parametrize("name", ["motif_cnn", "wide", "basset", "dann_tf"])
def test_all_steps_one_after_the_other_are_the_encoder(name):
    encoder = build_network(name, spec_of(300)).encoder.eval()
    x = torch.randn(2, 4, 300)
    torch.testing.assert_close(reduce(lambda each, step: step(each), steps_of(encoder), x), encoder(x))


def test_to_look_for_the_map_changes_neither_mode_nor_statistics():
    encoder = build_network("wide", spec_of(101)).encoder.train()
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    deepest_map(encoder, 4, 101)
    assert all(module.training for module in encoder.modules())
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items())


@pytest.mark.parametrize("encoder", [OneStage(nn.Flatten()), build_network("dann_tf", spec_of(101)).encoder])
def test_an_encoder_without_such_a_map_is_refused_with_the_reason(encoder):
    with pytest.raises(UserError, match="no features along the window") as caught:
        deepest_map(encoder, 4, 101)
    assert "motif_cnn" in caught.value.fix
