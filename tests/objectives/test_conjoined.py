"""Every objective trains a network of both strands, and sees of it what it may see."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from cislearn.errors import UserError
from cislearn.models.conjoined import Conjoined
from cislearn.models.strands import other_strand
from cislearn.objectives.adabn import norms_in_order
from cislearn.objectives.objective import objectives
from cislearn.schema import DataSpec, TaskSpec
from tests.objectives.conftest import LENGTH, batch_of, network
from tests.objectives.learning import gradients, ready, total
from tests.objectives.test_methods import ADAPTING

READINGS = ["average", "maximum"]
TRAINING = [name for name in objectives.names() if name not in ("ladder", "masked", "masked_first")]
"""The ladder refuses such networks, and pre-training needs features along the window, which this encoder lacks."""


def conjoined(spec, reading="average", norm=False):
    return Conjoined(network(spec, norm=norm), reading)


def batch(n_tasks=1, seed=0):
    found = batch_of(12, 9, n_tasks=n_tasks, seed=seed)
    return replace(found, plain=found, second=found)


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("name", TRAINING)
def test_each_trains_it_for_some_steps(spec, name, reading):
    """trap 17: 12 source rows stand beside 9 of the target; the last steps have a teacher where there is one."""
    model = conjoined(spec, reading, norm=name == "adabn")
    objective = ready(name, model, spec)
    before = [p.detach().clone() for p in model.parameters()]
    trained = [*model.parameters(), *(p for p in objective.parameters() if p.requires_grad)]
    optimiser = torch.optim.SGD(trained, lr=0.05)
    for step in range(6):
        optimiser.zero_grad()
        loss = total(objective, model.train(), batch(seed=step), step / 6, seed=step)
        assert loss.isfinite()
        loss.backward()
        optimiser.step()
        objective.after_step(model)
    objective.finish(model.eval(), lambda part: [batch(seed=7)])
    assert all(not torch.equal(a, b) and b.isfinite().all() for a, b in zip(before, model.parameters(), strict=True))


def test_the_ladder_which_goes_over_stages_itself_refuses_both_strands(spec):
    with pytest.raises(UserError, match="ladder reads one strand"):
        ready("ladder", conjoined(spec), spec)


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("name", [name for name in ADAPTING if name != "ladder"])
def test_target_labels_are_never_read(spec, name, reading):
    """trap 18: labels that would be there by mistake change no gradient."""
    model, poisoned = conjoined(spec, reading), batch()
    poisoned.labels[poisoned.parts["target"]] = 1e9
    found = [gradients(total(ready(name, model, spec), model, each, 0.9), model) for each in (batch(), poisoned)]
    for one, other in zip(*found, strict=True):
        assert torch.equal(one, other) and one.isfinite().all()


@pytest.mark.parametrize("name", ["adversarial", "cdan", "moments", "mmd"])
def test_what_aligns_features_reaches_those_of_either_strand(spec, name):
    """A target base, read as it stands and as its partner from the other end, moves both halves of the features."""
    model, each = conjoined(spec), batch()
    objective = ready(name, model, spec)
    x = model.embed(each.tokens).requires_grad_()
    features = model.features(x)
    model.features = lambda _: features
    losses = objective.losses(model, each, 0.9)
    distance = sum(loss for key, loss in losses.items() if key != "task")
    (reached,) = torch.autograd.grad(distance, features)
    halves = reached[each.parts["target"]].chunk(2, dim=1)
    assert all(half.abs().max() > 0 for half in halves)


def test_adabn_takes_the_statistics_of_both_strands_of_the_target(spec):
    model, target = conjoined(spec, norm=True).eval(), batch(seed=3)
    objective = ready("adabn", model, spec)
    (norm,) = norms_in_order(model, target)
    objective.finish(model, lambda part: [target])
    x = model.embed(target.tokens)
    dense = model.encoder.stages[1].linear
    into = torch.cat([dense(each.flatten(1)) for each in (x, other_strand(x, spec))])
    torch.testing.assert_close(norm.running_mean, into.mean(0), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(norm.running_var, into.var(0), rtol=1e-5, atol=1e-6)


def test_tasks_of_several_kinds_are_joined_each_by_its_own():
    tasks = (TaskSpec("bound"), TaskSpec("state", "multiclass", 3), TaskSpec("level", "regression"))
    spec = DataSpec(tasks, ("a", "b", "c"), LENGTH)
    model, each = conjoined(spec), batch(n_tasks=3)
    objective = ready("supervised", model, spec)
    loss = total(objective, model, each, 0.0)
    turned = replace(each, tokens=torch.where(each.tokens == 4, each.tokens, 3 - each.tokens).flip(1))
    torch.testing.assert_close(total(objective, model, turned, 0.0), loss)
