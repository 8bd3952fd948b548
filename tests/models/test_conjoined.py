"""Networks of both strands: that they are what prediction makes of the network within, and nothing more."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch

from cislearn.models.conjoined import Conjoined
from cislearn.models.encoder import encoders
from cislearn.models.inference import for_inference
from cislearn.models.network import Network
from cislearn.models.saving import ModelCard, for_prediction, load_network, save_model
from cislearn.models.strands import BothStrands, other_strand, strand_logits, turned_back
from cislearn.objectives.objective import Model
from cislearn.objectives.supervised import task_loss
from cislearn.schema import DataSpec, InputSpec, TaskSpec
from tests.models.conftest import one_hot_windows

READINGS = ["average", "maximum"]
ENCODERS = {
    "motif_cnn": {"motifs": 6, "motif_width": 9, "pairs": 4, "features": 5},
    "wide": {"detectors": 8, "known": 0.0, "channels": 4, "width": 3, "dilations": [1]},
}
TRACKS = (InputSpec("coverage", "track", 1, "flip"), InputSpec("stranded", "track", 2, "flip_and_permute"))
TASKS = (
    TaskSpec("bound"),
    TaskSpec("state", "multiclass", 3),
    TaskSpec("starts", "profile", 2, 4, rc="flip_and_permute"),
)
SPEC = DataSpec(TASKS, (), length=48, inputs=TRACKS)


def network_of(encoder: str = "motif_cnn", spec: DataSpec = SPEC) -> Network:
    """An encoder that pools positions away, which would be refused a profile; here it is a few numbers that turn."""
    torch.manual_seed(0)
    return Network(encoders.get(encoder)(spec.length, spec.channels, **ENCODERS[encoder]), spec).eval()


def windows(n: int = 5, spec: DataSpec = SPEC) -> torch.Tensor:
    x, generator = one_hot_windows(n, spec.length), torch.Generator().manual_seed(1)
    return torch.cat([x, torch.rand(n, spec.channels - 4, spec.length, generator=generator)], dim=1)


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("encoder", ENCODERS)
def test_logits_are_those_of_both_strands_and_turn_with_the_window(encoder, reading):
    """trap 1, trap 3: tracks go along by their rules, profiles come back with their strands exchanged."""
    network, x = network_of(encoder), windows()
    model = Conjoined(network, reading).eval()
    one, other = network(x), turned_back(network(other_strand(x, SPEC)), SPEC)
    slow = torch.maximum(one, other) if reading == "maximum" else (one + other) / 2
    torch.testing.assert_close(model(x), slow)
    assert not torch.allclose(one, other, atol=1e-3)
    torch.testing.assert_close(turned_back(model(other_strand(x, SPEC)), SPEC), model(x))
    torch.testing.assert_close(model(x), BothStrands(network, reading)(x), rtol=0, atol=0)
    torch.testing.assert_close(for_inference(model)(x), model(x), rtol=0, atol=1e-5)


def test_it_answers_as_objectives_ask():
    network, x = network_of(), windows()
    model = Conjoined(network).eval()
    assert isinstance(model, Model) and model.n_features == 2 * network.n_features
    features = model.features(x)
    assert features.shape == (5, model.n_features)
    torch.testing.assert_close(model.classify(features), model(x), rtol=0, atol=0)
    half = features.roll(network.n_features, 1)
    torch.testing.assert_close(model.features(other_strand(x, SPEC)), half)


def test_strands_are_told_apart_within_it():
    network, x = network_of(), windows()
    expected = torch.stack([network(x), turned_back(network(other_strand(x, SPEC)), SPEC)], dim=1)
    for model in (network, Conjoined(network).eval(), BothStrands(network)):
        torch.testing.assert_close(strand_logits(model, x), expected)


@pytest.mark.parametrize("reading", READINGS)
def test_saved_it_is_the_network_within_and_predicts_as_it_was_trained(tmp_path, reading):
    spec = replace(SPEC, tasks=TASKS[:2])
    model = Conjoined(network_of(spec=spec), reading).eval()
    save_model(tmp_path, model, ModelCard("motif_cnn", spec, ENCODERS["motif_cnn"], predict=reading))
    again = load_network(tmp_path)
    assert type(again) is Network and again.state_dict().keys() == model.state_dict().keys()
    torch.testing.assert_close(for_prediction(again, reading)(windows()), model(windows()), rtol=0, atol=0)
    assert for_prediction(model, reading) is model


def test_nothing_is_drawn_at_random_to_make_it():
    network = network_of()
    before = torch.get_rng_state()
    model = Conjoined(network)
    assert torch.equal(before, torch.get_rng_state())
    assert {id(p) for p in model.parameters()} == {id(p) for p in network.parameters()}


def test_the_two_strands_never_share_a_batch():
    """trap 10: two calls of the batch's size; batch norm counts the one strand after the other."""
    plain = network_of("wide").train()
    model = Conjoined(copy.deepcopy(plain)).train()
    sizes: list[int] = []
    model.encoder.register_forward_hook(lambda module, inputs, found: sizes.append(len(found)))
    x = windows(3)
    model(x)
    assert sizes == [3, 3]
    plain.features(x)
    plain.features(other_strand(x, SPEC))
    for ours, theirs in zip(model.encoder.buffers(), plain.encoder.buffers(), strict=True):
        assert torch.equal(ours, theirs)


def test_the_gradient_is_that_of_the_loss_on_the_mean(bound):
    """And not of the mean of two losses, as turning windows at random has it: it fades once the mean is right."""
    network, x = network_of(spec=bound), one_hot_windows(4, 101)
    labels = torch.tensor([[1.0], [0.0], [1.0], [float("nan")]])
    found = torch.autograd.grad(task_loss(Conjoined(network)(x), labels, bound), [*network.parameters()])
    one, other = network(x)[:3, 0], network(x.flip(1, 2))[:3, 0]
    mean = (one + other) / 2
    by_hand = torch.nn.functional.binary_cross_entropy_with_logits(mean, labels[:3, 0])
    of_two = sum(torch.nn.functional.binary_cross_entropy_with_logits(z, labels[:3, 0]) for z in (one, other)) / 2
    expected, mean_of_losses = (
        torch.autograd.grad(loss, [*network.parameters()], retain_graph=True) for loss in (by_hand, of_two)
    )
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-7)
    assert any(not torch.allclose(a, b, rtol=1e-3, atol=1e-6) for a, b in zip(found, mean_of_losses, strict=True))


def test_of_a_maximum_only_the_greater_strand_learns(bound):
    network, x = network_of(spec=bound), one_hot_windows(6, 101)
    greater = torch.where(network(x) >= network(x.flip(1, 2)), 0, 1)[:, 0]
    assert 0 < greater.sum() < 6, "the windows have to be of either kind"
    chosen = torch.stack([x, x.flip(1, 2)], dim=1)[torch.arange(6), greater]
    found = torch.autograd.grad(Conjoined(network, "maximum")(x).sum(), [*network.parameters()])
    expected = torch.autograd.grad(network(chosen).sum(), [*network.parameters()])
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


def test_it_goes_to_training_and_back_and_keeps_a_frozen_encoder():
    model = Conjoined(network_of("wide"))
    assert model.train().encoder.training
    assert not model.eval().encoder.training
    network = network_of("wide")
    network.freeze_encoder()
    frozen = Conjoined(network).train()
    assert frozen.head.training
    assert not frozen.encoder.training
