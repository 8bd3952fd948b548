"""BPNet: its published geometry, its gradient reach, its strands, and the control tracks of its head."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cislearn.errors import UserError
from cislearn.models.conjoined import Conjoined
from cislearn.models.encoders import bpnet
from cislearn.models.encoders.bpnet import BPNet, without_bias
from cislearn.models.equivariant import SumOfStrands
from cislearn.models.inference import for_inference
from cislearn.models.layers import PlainLayers
from cislearn.models.network import Network, build_network
from cislearn.models.saving import ModelCard, load_network, save_model
from cislearn.models.strands import BothStrands, other_strand, turned_back
from cislearn.schema import DataSpec, InputSpec, TaskSpec

SMALL = {"filters": 4, "motif_width": 5, "dilated": 2, "profile_width": 7}
LENGTH, POSITIONS = 62, 40


@pytest.fixture(autouse=True)
def weights():
    """First weights that are the same whatever ran before: of so few filters all may be dead."""
    torch.manual_seed(1)


def stranded(positions=POSITIONS, name="p"):
    return TaskSpec(name, "profile", 2, positions, "flip_and_permute")


def spec_of(*tasks, length=LENGTH, inputs=()):
    return DataSpec(tasks or (stranded(),), ("a",), length, inputs=inputs)


@pytest.mark.parametrize(("length", "dilated"), [(1346, 6), (2114, 8)])
def test_the_published_geometries_to_the_letter(length, dilated):
    """Zhou et al. 2022: 1346 - 20 - 2 (2 + ... + 64) - 74 = 1000; bpnet-lite: 2114 with 8 layers."""
    network = build_network("bpnet", spec_of(stranded(1000), length=length), {"dilated": dilated})
    assert network(torch.zeros(1, 4, length)).shape == (1, 2 * 1000 + 2)
    trunk = (4 * 21 * 64 + 64) + dilated * (64 * 3 * 64 + 64)
    assert sum(p.numel() for p in network.parameters()) == trunk + (64 * 75 * 2 + 2) + (64 * 2 + 2)
    assert network.n_features == 64


def test_with_controls_a_convolution_of_width_one_joins_them():
    controls = tuple(InputSpec(name, "track", rc="flip") for name in ("raw", "smooth"))
    network = build_network("bpnet", spec_of(inputs=controls), SMALL)
    without = build_network("bpnet", spec_of(), SMALL)
    more = sum(p.numel() for p in network.parameters()) - sum(p.numel() for p in without.parameters())
    assert more == ((2 + 2) * 2 + 2) + 2 * 2
    assert network(torch.zeros(3, 6, LENGTH)).shape == (3, 2 * POSITIONS + 2)


@pytest.mark.parametrize(
    ("length", "positions", "message"),
    [(1346, 999, "--length 1345"), (2114, 1000, "--length 1346, or say dilated: 8"), (1000, 1000, "--length 1346")],
)
def test_a_geometry_that_cannot_be_names_the_nearest(length, positions, message):
    with pytest.raises(UserError, match="dilated layers leave") as told:
        build_network("bpnet", spec_of(stranded(positions), length=length))
    assert message in str(told.value)


@pytest.mark.parametrize(("options", "length"), [({}, 340), ({"motif_width": 20}, 1346)])
def test_windows_and_filters_that_cannot_be_are_refused(options, length):
    with pytest.raises(UserError, match="cannot be built"):
        build_network("bpnet", spec_of(stranded(1000), length=length), options)


def test_each_encoder_is_told_what_it_is_for():
    with pytest.raises(UserError, match="predicts profiles, and bound is a binary task"):
        build_network("bpnet", spec_of(stranded(), TaskSpec("bound")), SMALL)
    for name in ("motif_cnn", "wide", "dann_tf"):
        with pytest.raises(UserError, match="pools positions away"):
            build_network(name, spec_of(stranded(1), length=101))


def test_a_position_sees_what_lies_about_it_and_no_more():
    """Oracle: the gradient. A logit of position i depends on bases i ... i + length - positions alone."""
    network = build_network("bpnet", spec_of(), SMALL).eval()
    x = torch.rand(1, 4, LENGTH, requires_grad=True)
    for position in (0, 17, POSITIONS - 1):
        (gradient,) = torch.autograd.grad(network(x)[0, position], x)
        reached = gradient[0].abs().sum(0).nonzero().flatten()
        assert reached.min() >= position and reached.max() <= position + LENGTH - POSITIONS
        middle = position + (LENGTH - POSITIONS) // 2
        assert gradient[0, :, middle].abs().sum() > 0


def test_the_trunk_reads_no_control_and_each_head_its_own_weights():
    controls = (InputSpec("control", "track", rc="flip"),)
    network = build_network("bpnet", spec_of(stranded(), stranded(name="q"), inputs=controls), SMALL).eval()
    x = torch.rand(2, 5, LENGTH)
    moved = x.clone()
    moved[:, 4] += 1
    torch.testing.assert_close(network.pooled(network.features(x)), network.pooled(network.features(moved)))
    logits, others = network(x), network(moved)
    assert not torch.allclose(logits, others)
    n = network.spec.tasks[0].n_logits
    assert logits.shape == (2, 2 * n) and not torch.allclose(logits[:, :n], logits[:, n:])


class Mirrored(PlainLayers):
    """Layers whose channels, reversed, are those of the other strand (Shrikumar et al. 2017): the slow reference."""

    def channels(self, filters):
        return 2 * filters

    def conv(self, c_in, c_out, width, *, dilation=1, bias=True, padding="same"):
        conv = super().conv(c_in, c_out, width, dilation=dilation, bias=bias, padding=padding)
        return _Tied(conv)

    def merge(self, channels, length=1):
        return [SumOfStrands(1.0)], channels // 2


class _Tied(nn.Module):
    def __init__(self, conv):
        super().__init__()
        self.conv = conv

    def forward(self, x):
        weight = torch.cat([self.conv.weight, self.conv.weight.flip(0, 1, 2)])
        bias = torch.cat([self.conv.bias, self.conv.bias.flip(0)])
        return nn.functional.conv1d(x, weight, bias, padding=self.conv.padding, dilation=self.conv.dilation)


CONTROLS = {
    "no control": (),
    "two without strands": (InputSpec("raw", "track", rc="flip"), InputSpec("smooth", "track", rc="flip")),
    "strands and one without": (
        InputSpec("strands", "track", 2, "flip_and_permute"),
        InputSpec("raw", "track", rc="flip"),
    ),
}
EQUIVARIANT = [{"name": "equivariant", "filters": kind} for kind in ("pairs", "half")]


def apart(model, spec, x):
    """How far the logits of windows are from those of their reverse complements, turned back."""
    here = model(x)
    assert not torch.allclose(here[:, :POSITIONS], here[:, POSITIONS : 2 * POSITIONS])
    return float((turned_back(model(other_strand(x, spec)), spec) - here).abs().max().detach())


@pytest.mark.parametrize("inputs", CONTROLS.values(), ids=CONTROLS)
@pytest.mark.parametrize("layers", EQUIVARIANT, ids=["pairs", "half"])
def test_with_equivariant_layers_both_strands_are_one_answer(layers, inputs):
    """Trap 3, with controls that are strands and such that are none: the other strand, turned back, is equal.

    After a step of training too, of several profiles, and of the copy that predicts, whose filters are written out.
    """
    spec = spec_of(stranded(), stranded(name="q"), inputs=inputs)
    network = build_network("bpnet", spec, SMALL | {"layers": layers})
    x = torch.rand(3, spec.channels, LENGTH)
    network(x)[0].square().sum().backward()
    torch.optim.SGD(network.parameters(), lr=1e-3).step()
    assert apart(network.double().eval(), spec, x.double()) < 1e-12
    assert apart(network.float(), spec, x) < 1e-5
    torch.testing.assert_close(for_inference(network)(x), network(x), rtol=1e-5, atol=1e-5)
    pooled, other = (network.pooled(network.features(each)) for each in (x, other_strand(x, spec)))
    torch.testing.assert_close(pooled, other)
    assert pooled.shape == (3, network.n_features)


@pytest.mark.parametrize("inputs", CONTROLS.values(), ids=CONTROLS)
def test_equivariant_layers_make_what_mirrored_filters_make(monkeypatch, inputs):
    """Oracle: filters mirrored by hand, anew at each call."""
    spec = spec_of(inputs=inputs)
    network = build_network("bpnet", spec, SMALL | {"layers": "equivariant"}).double().eval()
    monkeypatch.setattr(bpnet, "layers_of", lambda kind: Mirrored())
    slow = Network(BPNet(LENGTH, spec.channels, **SMALL, layers="equivariant"), spec).double().eval()
    slow.load_state_dict(dict(zip(slow.state_dict(), network.state_dict().values(), strict=True)))
    x = torch.rand(3, spec.channels, LENGTH, dtype=torch.float64)
    torch.testing.assert_close(network(x), slow(x))


def test_half_as_many_filters_are_stored_for_as_many_channels():
    plain, half, pairs = (
        build_network("bpnet", spec_of(), SMALL | {"layers": layers}) for layers in ("plain", *reversed(EQUIVARIANT))
    )
    n = [sum(p.numel() for p in network.parameters()) for network in (plain, half, pairs)]
    assert 2 * n[1] == n[0] < n[2]
    assert half.encoder.channels == plain.encoder.channels == pairs.encoder.channels // 2


@pytest.mark.parametrize("inputs", CONTROLS.values(), ids=CONTROLS)
@pytest.mark.parametrize("kind", [Conjoined, BothStrands])
def test_of_both_strands_joined_the_profile_turns_with_the_window(kind, inputs):
    spec = spec_of(inputs=inputs)
    network = build_network("bpnet", spec, SMALL).double().eval()
    model, x = kind(network, "average").eval(), torch.rand(3, spec.channels, LENGTH, dtype=torch.float64)
    assert apart(model, spec, x) < 1e-12
    assert apart(network, spec, x) > 1e-3
    torch.testing.assert_close(model(x), (network(x) + turned_back(network(other_strand(x, spec)), spec)) / 2)


def test_conjoined_features_of_profiles_are_compared_by_both_strands():
    """Objectives that compare domains are shown what either strand's trunk says."""
    spec = spec_of()
    network = build_network("bpnet", spec, SMALL).eval()
    model, x = Conjoined(network).eval(), torch.rand(3, 4, LENGTH)
    pooled = model.pooled(model.features(x))
    each = [network.pooled(network.features(strand)) for strand in (x, other_strand(x, spec))]
    torch.testing.assert_close(pooled, torch.cat(each, dim=1))
    assert pooled.shape[1] == model.n_features


def test_equivariant_layers_refuse_half_a_strand():
    for layers in EQUIVARIANT:
        with pytest.raises(UserError, match="has 1 strand"):
            build_network("bpnet", spec_of(TaskSpec("p", "profile", 1, POSITIONS, "flip")), SMALL | {"layers": layers})


def test_a_bias_model_that_reads_one_strand_spoils_an_equivariant_one(tmp_path):
    card = ModelCard("bpnet", spec_of(), SMALL)
    save_model(tmp_path / "bias", card.build(), card)
    with pytest.raises(UserError, match="two strands"):
        build_network("bpnet", spec_of(), SMALL | {"layers": "equivariant", "bias": str(tmp_path / "bias")})


def test_layers_of_both_kinds_are_one_network():
    spec = spec_of(inputs=(InputSpec("raw", "track", rc="flip"),))
    plain = build_network("bpnet", spec, SMALL | {"layers": "plain"})
    fast = build_network("bpnet", spec, SMALL)
    fast.load_state_dict(plain.state_dict())
    x = torch.rand(2, 5, LENGTH)
    torch.testing.assert_close(fast(x), plain(x))


@pytest.fixture
def biased(tmp_path):
    """A network with the bias model of a run, and that model."""
    spec = spec_of(inputs=(InputSpec("raw", "track", rc="flip"),))
    torch.manual_seed(1)
    card = ModelCard("bpnet", spec, SMALL | {"filters": 3})
    bias = card.build().eval()
    save_model(tmp_path / "bias", bias, card)
    options = SMALL | {"bias": str(tmp_path / "bias")}
    return build_network("bpnet", spec, options).eval(), bias, ModelCard("bpnet", spec, options)


def test_a_bias_model_is_added_to_the_shape_and_to_the_counts(biased):
    """ChromBPNet: logits of the shape add up, counts by log-sum-exp; oracle: the two networks apart."""
    network, bias, _ = biased
    x = torch.rand(3, 5, LENGTH)
    alone, theirs, both = without_bias(network)(x), bias(x), network(x)
    n = 2 * POSITIONS
    torch.testing.assert_close(both[:, :n], alone[:, :n] + theirs[:, :n])
    torch.testing.assert_close(both[:, n:], torch.log(alone[:, n:].exp() + theirs[:, n:].exp()))


def test_a_bias_model_is_frozen_and_takes_no_part_in_comparisons(biased):
    network, _, _ = biased
    before = {name: value.clone() for name, value in network.state_dict().items()}
    trained, alone = ([p for p in each.parameters() if p.requires_grad] for each in (network, without_bias(network)))
    assert len(trained) == len(alone)
    network(torch.rand(2, 5, LENGTH)).square().mean().backward()
    torch.optim.SGD(trained, lr=0.1).step()
    moved = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert moved and not any(".bias." in name for name in moved)
    assert any(".bias." in name for name in before)
    assert network.n_features == SMALL["filters"]


def test_a_saved_model_holds_its_bias_model(biased, tmp_path):
    """It is loaded where the run of the bias model is not there any more."""
    network, _, card = biased
    save_model(tmp_path / "run", network, card)
    (tmp_path / "bias" / "model.json").unlink()
    x = torch.rand(2, 5, LENGTH)
    torch.testing.assert_close(load_network(tmp_path / "run")(x), network(x))


def test_a_bias_model_of_other_data_is_refused(biased, tmp_path):
    spec = biased[0].spec
    options = SMALL | {"bias": str(tmp_path / "bias")}
    with pytest.raises(UserError, match="other profiles or tracks"):
        build_network("bpnet", spec_of(stranded(name="q"), inputs=spec.inputs), options)
    with pytest.raises(UserError, match="is no bpnet of windows"):
        build_network("bpnet", spec_of(stranded(POSITIONS + 2), length=LENGTH + 2, inputs=spec.inputs), options)
    with pytest.raises(UserError, match="holds no finished model"):
        build_network("bpnet", spec, SMALL | {"bias": str(tmp_path / "nowhere")})
