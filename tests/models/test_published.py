"""Published networks along a sequence: shapes, sizes, and windows that they cannot read."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cislearn.errors import UserError
from cislearn.models.layers import BatchNorm
from cislearn.models.network import build_network
from cislearn.schema import DataSpec, InputSpec, TaskSpec
from tests.models.conftest import one_hot_windows

NAMES = ["basset", "alexnet", "inception"]
SMALL = {"basset": {"padding": "same", "hidden": [20]}, "alexnet": {"hidden": [20]}, "inception": {}}


def spec_of(length: int, n_tasks: int = 1, tracks: int = 0) -> DataSpec:
    inputs = (InputSpec("open", "track", tracks),) if tracks else ()
    return DataSpec(tuple(TaskSpec(f"t{t}") for t in range(n_tasks)), ("a",), length, inputs=inputs)


def shapes(network: nn.Module, length: int) -> list[list[int]]:
    """Of one window: positions after the linear map and after the pooling of each stage, or features without them."""
    x, found = torch.zeros(1, 4, length), []
    with torch.no_grad():
        for stage in network.eval().stages:
            found += [stage.linear(x).shape[-1], stage(x).shape[-1]]
            x = stage(x)
    return found


def test_basset_has_the_published_shapes_and_size():
    network = build_network("basset", spec_of(600, 164))
    assert shapes(network, 600) == [582, 194, 184, 46, 40, 2000, 1000, 1000, 1000, 1000, 164, 164]
    assert sum(p.numel() for p in network.parameters()) == 4_135_064


@pytest.mark.parametrize(("length", "positions"), [(600, [300, 150, 75, 75]), (101, [50, 25, 12, 12])])
def test_alexnet_halves_the_positions_three_times(length, positions):
    network = build_network("alexnet", spec_of(length))
    found = shapes(network, length)
    assert found[1:8:2] == positions and found[9] == 256 * positions[-1]
    assert [stage.linear.weight.shape[-1] for stage in network.stages[:5]] == [11, 5, 3, 3, 3]


@pytest.mark.parametrize(("length", "positions"), [(600, [300, 150, 75, 37, 18]), (101, [51, 25, 12, 6, 3])])
def test_inception_has_the_filters_of_the_table(length, positions):
    """Szegedy et al. 2015, table 1, column "output size"."""
    network = build_network("inception", spec_of(length))
    found = shapes(network, length)
    assert found[0] == positions[0] and found[1] == found[2] == positions[1] and found[5] == positions[2]
    assert found[9] == positions[3] and found[19] == positions[4]
    norms = [stage.norm.num_features for stage in network.encoder.stages]
    assert norms == [64, 64, 192, 256, 480, 512, 512, 512, 528, 832, 832, 1024]
    assert network.n_features == 1024


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("length", [101, 200, 51])
def test_plain_and_channels_last_layers_give_the_same_output_and_gradients(name, length):
    spec = spec_of(length, 2)
    kinds = ({"layers": kind} for kind in ("plain", "channels_last"))
    plain, fast = (build_network(name, spec, SMALL[name] | kind).eval() for kind in kinds)
    fast.load_state_dict(plain.state_dict())
    x, gradients = one_hot_windows(3, length), []
    for network in (plain, fast):
        network(x).square().sum().backward()
        gradients.append([p.grad for p in network.parameters()])
    torch.testing.assert_close(fast(x), plain(x), rtol=1e-5, atol=1e-5)
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_each_stage_but_the_last_is_normalised_and_no_module_is_used_twice(name):
    """trap 9: an activation that is used twice breaks DeepLIFT."""
    network = build_network(name, spec_of(101), SMALL[name])
    assert all(isinstance(stage.norm, BatchNorm) for stage in network.encoder.stages)
    calls: list[int] = []
    for module in network.modules():
        if not list(module.children()):
            module.register_forward_hook(lambda module, _, __: calls.append(id(module)))
    network.eval()(one_hot_windows(2, 101))
    assert len(calls) == len(set(calls))


@pytest.mark.parametrize("name", NAMES)
def test_tracks_are_read_below_the_bases(name):
    network = build_network(name, spec_of(101, tracks=2), SMALL[name]).eval()
    x = torch.rand(2, 6, 101, requires_grad=True)
    (gradient,) = torch.autograd.grad(network(x).sum(), x)
    assert gradient[:, 4:].abs().sum() > 0


@pytest.mark.parametrize(
    ("name", "options", "shortest"),
    [("basset", {}, 168), ("basset", {"padding": "same"}, 48), ("alexnet", {}, 8), ("inception", {}, 31)],
)
def test_windows_that_are_too_short_are_refused_with_the_shortest_that_are_not(name, options, shortest):
    with pytest.raises(UserError, match=rf"windows of {shortest - 1} bp: .* {shortest} bp is the shortest"):
        build_network(name, spec_of(shortest - 1), options)
    small = SMALL[name] | options
    assert build_network(name, spec_of(shortest), small).eval()(torch.zeros(1, 4, shortest)).shape == (1, 1)


def test_a_padding_that_is_none_is_refused():
    with pytest.raises(UserError, match="padding 'full': expected same or valid"):
        build_network("basset", spec_of(600), {"padding": "full"})


@pytest.mark.parametrize(("name", "length"), [("basset", 600), ("alexnet", 128)])
@pytest.mark.parametrize("merge", ["sum", "average", "weighted_sum"])
def test_with_equivariant_layers_both_strands_get_the_same_logits(name, length, merge):
    options = {"hidden": [8], "layers": {"name": "equivariant", "merge": merge}}
    network = build_network(name, DataSpec((TaskSpec("bound"),), (), length), options).double().eval()
    x = torch.randn(3, 4, length, dtype=torch.float64)
    torch.testing.assert_close(network(x), network(x.flip(1, 2)), rtol=0, atol=1e-6)
    assert network(x).std() > 1e-6


def test_branches_side_by_side_are_refused_as_equivariant():
    with pytest.raises(UserError, match="a flip of the channels would exchange"):
        build_network("inception", DataSpec((TaskSpec("bound"),), (), 640), {"layers": {"name": "equivariant"}})
