from __future__ import annotations

import pytest
import torch
from torch import nn

from cislearn.models.convolution import BasesConv1d
from cislearn.models.encoder import Encoder
from cislearn.models.inference import LayoutMaxPool1d, for_gradients, for_inference
from cislearn.models.layers import BatchNorm, ChannelsLastConv1d, layers
from cislearn.models.network import Network, build_network
from cislearn.models.stages import Stage
from cislearn.models.strands import BothStrands
from cislearn.schema import DataSpec, TaskSpec
from tests.models.conftest import one_hot_windows

LENGTH = 61


class Normalised(Encoder):
    """Batch norms after a convolution and after a dense layer, with statistics that do something."""

    def __init__(self, length: int, kind: str) -> None:
        super().__init__()
        make = layers(kind)
        self.stages = nn.Sequential(
            Stage(make.conv(4, 8, 5, dilation=2), make.norm(8), make.activation(), make.pool(3)),
            Stage(make.conv(8, 6, 3, bias=False), make.norm(6), nn.GELU(), make.global_pool(length // 3)),
            Stage(make.dense(6, 5), make.norm(5), make.activation()),
        )


class OwnForward(Encoder):
    """Reaches into its stages, as a user's encoder may."""

    def __init__(self, length: int) -> None:
        super().__init__()
        make = layers("channels_last")
        self.stages = nn.Sequential(
            Stage(make.conv(4, 8, 5), make.norm(8), make.activation(), make.global_pool(length))
        )

    def forward(self, x):
        stage = self.stages[0]
        return stage.pool(stage.norm(stage.linear(x)))


def network_of(encoder: Encoder) -> Network:
    torch.manual_seed(0)
    network = Network(encoder, DataSpec((TaskSpec("bound"), TaskSpec("open")), (), LENGTH)).eval()
    for module in network.modules():
        if isinstance(module, BatchNorm):
            for values in (module.running_mean, module.weight, module.bias):
                nn.init.normal_(values)
            nn.init.uniform_(module.running_var, 0.5, 2)
    return network


def logits_of(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return model(x)


@pytest.mark.parametrize("average", [True, False])
@pytest.mark.parametrize("name", ["motif_cnn", "wide", "dann_tf", "basset", "alexnet", "inception"])
def test_the_networks_of_the_house_give_the_very_same_logits(bound, name, average):
    network = build_network(name, bound, {"padding": "same"} if name == "basset" else {}).eval()
    model = BothStrands(network) if average else network
    x = one_hot_windows(7, bound.length)
    torch.testing.assert_close(logits_of(for_inference(model), x), logits_of(model, x), rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", ["plain", "channels_last"])
def test_batch_norms_are_folded(kind):
    network = network_of(Normalised(LENGTH, kind))
    faster = for_inference(network)
    assert not any(isinstance(module, BatchNorm) for module in faster.modules())
    x = one_hot_windows(7, LENGTH)
    torch.testing.assert_close(logits_of(faster, x), logits_of(network, x), rtol=1e-5, atol=1e-5)


def test_only_an_activation_that_never_falls_comes_after_the_maximum():
    first, second, _ = for_inference(network_of(Normalised(LENGTH, "channels_last"))).encoder.stages
    assert first.activation is None and isinstance(first.pool[-1], nn.ReLU)
    assert isinstance(second.activation, nn.GELU)


def test_weights_are_laid_out_once(bound):
    for module in for_inference(build_network("motif_cnn", bound)).modules():
        if isinstance(module, ChannelsLastConv1d):
            assert module.weight.unsqueeze(2).is_contiguous(memory_format=torch.channels_last)


def test_the_model_given_stays_as_it_is_and_can_be_trained():
    network = network_of(Normalised(LENGTH, "channels_last")).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    for_inference(network)
    assert network.training and all(parameter.requires_grad for parameter in network.parameters())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_a_forward_of_ones_own_finds_its_stages_untouched():
    network = network_of(OwnForward(LENGTH))
    x = one_hot_windows(3, LENGTH)
    torch.testing.assert_close(logits_of(for_inference(network), x), logits_of(network, x), rtol=0, atol=0)


@pytest.mark.parametrize("length", [12, 13, 15])
@pytest.mark.parametrize("width", [1, 2, 4, 12])
@pytest.mark.parametrize("channels_last", [True, False])
def test_maxima_are_those_of_torch(length, width, channels_last):
    x = torch.randn(3, 5, length)
    x = x.transpose(1, 2).contiguous().transpose(1, 2) if channels_last else x
    x[0, 0, 0] = torch.nan
    found, expected = LayoutMaxPool1d(width)(x), nn.MaxPool1d(width)(x)
    torch.testing.assert_close(found, expected, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("other", [nn.MaxPool1d(3, stride=2), nn.MaxPool1d(3, padding=1), nn.AvgPool1d(3)])
def test_other_pooling_is_left_alone(other):
    make = layers("channels_last")
    encoder = Encoder()
    encoder.stages = nn.Sequential(
        Stage(make.conv(4, 8, 5), None, make.activation(), nn.Sequential(other, nn.Flatten()))
    )
    network = network_of(encoder)
    x = one_hot_windows(3, LENGTH)
    torch.testing.assert_close(logits_of(for_inference(network), x), logits_of(network, x), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ["motif_cnn", "wide", "dann_tf", "basset", "alexnet", "inception"])
def test_the_copy_for_gradients_has_the_very_same_ones(bound, name):
    """In fp64, where rounding hardly ever decides which of two positions has the maximum."""
    torch.manual_seed(0)
    network = build_network(name, bound, {"padding": "same"} if name == "basset" else {}).eval().double()
    x = one_hot_windows(3, bound.length).double()
    found, expected = (gradient_of(model, x) for model in (for_gradients(network), network))
    assert expected.abs().max() > 0
    torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize(("padding", "dilation"), [(0, 1), (4, 2)])
def test_a_convolution_over_bases_goes_back_as_pytorchs(padding, dilation):
    theirs = nn.Conv1d(4, 6, 5, padding=padding, dilation=dilation).requires_grad_(False)
    ours = ChannelsLastConv1d(4, 6, 5, padding=padding, dilation=dilation).requires_grad_(False)
    ours.load_state_dict(theirs.state_dict())
    x = one_hot_windows(3, 31)
    torch.testing.assert_close(gradient_of(BasesConv1d.of(ours), x), gradient_of(theirs, x))


def test_the_copy_for_gradients_has_no_maxima_but_pytorchs(bound):
    kinds = {type(module) for module in for_gradients(build_network("basset", bound, {"padding": "same"})).modules()}
    assert {nn.MaxPool1d, BasesConv1d, ChannelsLastConv1d} <= kinds
    assert not kinds & {LayoutMaxPool1d, BatchNorm}


def gradient_of(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    x = x.clone().requires_grad_()
    (found,) = torch.autograd.grad(model(x).square().sum(), x)
    return found
