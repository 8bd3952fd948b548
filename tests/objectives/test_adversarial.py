from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from cislearn.errors import UserError
from cislearn.objectives.adversarial import Adversarial, reverse_gradient
from cislearn.objectives.objective import Model, objectives
from cislearn.objectives.supervised import Supervised
from tests.objectives.conftest import batch_of, network


def ready(model, spec, seed=1, **options):
    objective = Adversarial(**options)
    torch.manual_seed(seed)
    objective.setup(model, spec)
    return objective


def gradients(loss, module):
    return [g.clone() for g in torch.autograd.grad(loss, list(module.parameters()), retain_graph=True)]


def constant(value):
    return {"name": "constant", "value": value}


# --- The reversal itself ---


def test_the_reversal_passes_values_and_turns_gradients():
    """y = 3 x^2 at x = 2: the gradient 12 comes back as -0.5 * 12."""
    x = torch.tensor(2.0, requires_grad=True)
    y = 3 * reverse_gradient(x, 0.5) ** 2
    y.backward()
    assert y == 12
    assert x.grad == -6


def test_a_saddle_point_against_the_update_rules_of_the_paper():
    """Ganin et al. 2016, eqs. 13 to 15: features descend on L_y - lambda L_d, the discriminator on L_d itself."""
    feature, w_task, w_domain, strength = 1.5, 0.7, -0.4, 0.3
    theta = torch.tensor([feature, w_task, w_domain], dtype=torch.float64, requires_grad=True)
    f, y, d = theta
    loss = (y * f - 1) ** 2 + (d * reverse_gradient(f, strength) - 1) ** 2
    (found,) = torch.autograd.grad(loss, theta)
    task_error, domain_error = 2 * (w_task * feature - 1), 2 * (w_domain * feature - 1)
    expected = [task_error * w_task - strength * domain_error * w_domain, task_error * feature, domain_error * feature]
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))


# --- The objective ---


@pytest.mark.parametrize("kind", ["binary", "domains"])
def test_losses_and_gradients_against_two_separate_passes(spec, kind):
    """trap 17: 7 source rows and 3 target rows in one batch."""
    model = network(spec)
    objective = ready(model, spec, discriminator=kind, schedule=constant(0.3), weight=2.0)
    batch = batch_of(7, 3)
    losses = objective.losses(model, batch, 0.5)
    features = model.features(model.embed(batch.tokens))
    domain = batch.domain if kind == "domains" else torch.tensor([0] * 7 + [1] * 3)
    task = F.binary_cross_entropy_with_logits(model.classify(features[:7])[:, 0], batch.labels[:7, 0])
    adversary = F.cross_entropy(objective.discriminator(features), domain)
    torch.testing.assert_close(losses["task"], task)
    torch.testing.assert_close(losses["domain"], 2.0 * adversary)
    total = losses["task"] + losses["domain"]
    for found, expected in zip(gradients(total, model.head), gradients(task, model.head), strict=True):
        torch.testing.assert_close(found, expected)
    for found, expected in zip(
        gradients(total, objective.discriminator), gradients(2.0 * adversary, objective.discriminator), strict=True
    ):
        torch.testing.assert_close(found, expected)
    reversed_ = [
        t - 0.3 * a
        for t, a in zip(gradients(task, model.encoder), gradients(2.0 * adversary, model.encoder), strict=True)
    ]
    for found, expected in zip(gradients(total, model.encoder), reversed_, strict=True):
        torch.testing.assert_close(found, expected)


def test_lambda_scales_the_gradient_of_the_features_only(spec):
    """The discriminator is trained at full strength from the first step, when lambda is 0."""
    model, batch = network(spec), batch_of(6, 4)
    of_discriminator, of_encoder = [], []
    for strength in (0.0, 1.0, 2.0):
        objective = ready(model, spec, schedule=constant(strength))
        loss = objective.losses(model, batch, 0.0)["domain"]
        of_discriminator.append(gradients(loss, objective.discriminator))
        of_encoder.append(gradients(loss, model.encoder))
    for none, one, two in zip(*of_discriminator, strict=True):
        torch.testing.assert_close(none, one)
        torch.testing.assert_close(one, two)
    for none, one, two in zip(*of_encoder, strict=True):
        assert (none == 0).all()
        torch.testing.assert_close(2 * one, two)
    assert max(g.abs().max() for g in of_discriminator[0]) > 1e-3


def test_with_lambda_zero_the_network_learns_as_from_labels_alone(spec):
    model, batch = network(spec), batch_of(7, 3)
    adversarial, supervised = ready(model, spec, schedule=constant(0.0)), Supervised()
    supervised.setup(model, spec)
    found = torch.stack(list(adversarial.losses(model, batch, 0.9).values())).sum()
    expected = supervised.losses(model, batch, 0.9)["task"]
    for one, other in zip(gradients(found, model), gradients(expected, model), strict=True):
        torch.testing.assert_close(one, other)


def test_target_labels_are_never_read(spec):
    """traps 17 and 18: in the published code a flag that was a string let all target labels in."""
    model, clean, poisoned = network(spec), batch_of(7, 3), batch_of(7, 3)
    poisoned.labels[poisoned.parts["target"]] = 1e9
    objective = ready(model, spec)
    results = []
    for batch in (clean, poisoned):
        losses = objective.losses(model, batch, 0.8)
        results.append([*losses.values(), *gradients(sum(losses.values()), model)])
    for one, other in zip(*results, strict=True):
        assert torch.equal(one, other)
        assert one.isfinite().all()


@pytest.mark.parametrize(("kind", "logits"), [("binary", 2), ("domains", 3)])
def test_the_discriminator_has_a_logit_a_class_and_the_encoders_width(spec, kind, logits):
    objective = ready(network(spec), spec, discriminator=kind)
    assert objective.discriminator.logits.out_features == logits
    assert objective.discriminator.hidden.out_features == 5
    assert ready(network(spec), spec, width=9).discriminator.hidden.out_features == 9


def test_one_pass_of_source_and_target_updates_the_batch_norm_statistics(spec):
    """The running mean is that of all rows together, counted once."""
    model, batch = network(spec, norm=True), batch_of(7, 3)
    norm = model.encoder.stages[1].norm
    z = model.encoder.stages[1].linear(model.embed(batch.tokens).flatten(1))
    ready(model, spec).losses(model, batch, 0.5)
    torch.testing.assert_close(norm.running_mean, 0.1 * z.mean(0))
    torch.testing.assert_close(norm.running_var, 0.9 + 0.1 * z.var(0))
    assert norm.num_batches_tracked == 1


def test_health_tells_lambda_and_accuracy_of_the_last_step(spec):
    model, batch = network(spec), batch_of(7, 3)
    objective = ready(model, spec, schedule="ganin")
    assert objective.health() == {}
    objective.losses(model, batch, 0.25)
    logits = objective.discriminator(model.features(model.embed(batch.tokens)))
    right = (logits.argmax(1) == torch.tensor([0] * 7 + [1] * 3)).float().mean()
    health = {name: float(value) for name, value in objective.health().items()}
    assert health == pytest.approx({"lambda": math.tanh(1.25), "domain_accuracy": float(right)})


def test_strength_depends_on_progress_alone(spec):
    """trap 16: neither calls nor evaluation mode move the schedule."""
    model, batch = network(spec), batch_of(4, 4)
    objective = ready(model, spec, schedule="ganin")
    seen = []
    for progress in (0.5, 0.1, 0.5):
        objective.eval()
        objective.losses(model, batch, 0.9)
        objective.train()
        objective.losses(model, batch, progress)
        seen.append(objective.health()["lambda"])
    assert seen[0] == seen[2] > seen[1]
    assert all(isinstance(v, torch.Tensor) and v.dtype == torch.float32 for v in objective.state_dict().values())
    assert {name.split(".")[0] for name in objective.state_dict()} == {"discriminator"}


def test_what_cannot_be_is_refused(spec):
    with pytest.raises(ValueError, match="discriminator 'both': expected binary or domains"):
        Adversarial(discriminator="both")
    with pytest.raises(UserError, match="did you mean ganin"):
        Adversarial(schedule="gannin")
    with pytest.raises(UserError, match=r"method 'adversarail' is not known; did you mean adversarial\?"):
        objectives.get("adversarail")


def test_a_network_is_a_model(spec):
    assert isinstance(network(spec), Model)
