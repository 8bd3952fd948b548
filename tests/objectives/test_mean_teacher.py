from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch

from cislearn.errors import UserError
from cislearn.objectives.schedules import ramp
from cislearn.schema import DataSpec, TaskSpec
from tests.objectives.conftest import LENGTH, batch_of, network
from tests.objectives.learning import gradients, ready

MANY = DataSpec(
    (TaskSpec("bound"), TaskSpec("kind", "multiclass", channels=3), TaskSpec("level", "regression")), ("a", "b"), LENGTH
)


def batch(n_tasks=1, step=0):
    found = batch_of(6, 5, n_tasks=n_tasks)
    return replace(found, step=step, second=replace(found, tokens=found.tokens.flip(1)))


def moved(model, seed=1):
    """The same network after some learning."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.5 * torch.randn(parameter.shape, generator=generator))


def test_the_consistency_is_the_squared_difference_of_what_both_say_of_all_rows():
    """The whole loss written out for the three kinds of task: probabilities of classes, and values."""
    model, found = network(MANY), batch(3)
    objective = ready("mean_teacher", model, MANY, weight=3.0)
    teacher = copy.deepcopy(model)
    moved(model)
    losses = objective.losses(model, found, 0.1)
    said, taught = model(model.embed(found.tokens)), teacher(teacher.embed(found.second.tokens))
    binary = (said[:, 0].sigmoid() - taught[:, 0].sigmoid()).square().mean()
    classes = (said[:, 1:4].softmax(1) - taught[:, 1:4].softmax(1)).square().mean()
    value = (said[:, 4] - taught[:, 4]).square().mean()
    torch.testing.assert_close(losses["consistency"], 3.0 * ramp(0.1) * (binary + classes + value) / 3)


def test_the_teacher_is_the_average_of_the_students_weights_and_statistics(spec):
    """By the recurrence, whose forgetting is a function of the step alone."""
    model = network(spec, norm=True)
    objective = ready("mean_teacher", model, spec, decay=0.9)
    expected = copy.deepcopy(model.state_dict())
    for step in range(5):
        objective.losses(model, batch(step=step), 0.5)
        moved(model, step)
        objective.after_step(model)
        kept = min(0.9, (2 + step) / (11 + step))
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                expected[name] = kept * expected[name] + (1 - kept) * value
    for name, value in objective.average.network.state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(value, expected[name], msg=name)


def test_the_teacher_normalises_by_running_statistics_and_the_student_by_the_batch(spec):
    """So an answer of the teacher does not depend on the rows beside it, and its statistics follow the student's."""
    model = network(spec, norm=True)
    objective = ready("mean_teacher", model, spec)
    objective.train()
    norm = objective.average.network.encoder.stages[1].norm
    norm.running_mean.fill_(0.3)
    before = copy.deepcopy(objective.average.network.state_dict())
    whole = objective._taught(batch().second)[0]
    alone = objective._taught(batch().second.windows(slice(2, 3)))[0]
    torch.testing.assert_close(whole[2:3], alone)
    assert all(torch.equal(value, before[name]) for name, value in objective.average.network.state_dict().items())
    mean = model.encoder.stages[1].norm.running_mean.clone()
    objective.losses(model, batch(), 0.5)
    assert not torch.equal(model.encoder.stages[1].norm.running_mean, mean)


def test_the_student_is_trained_and_the_teacher_is_not(spec):
    model = network(spec)
    objective = ready("mean_teacher", model, spec)
    moved(model)
    loss = objective.losses(model, batch(), 1.0)["consistency"]
    assert max(g.abs().max() for g in gradients(loss, model)) > 1e-4
    assert not any(parameter.requires_grad for parameter in objective.parameters())
    assert not any(module.training for module in objective.train().average.modules())


def test_who_agrees_has_nothing_to_learn(spec):
    """At the first step, of the same view, student and teacher are one."""
    model, found = network(spec), batch()
    loss = ready("mean_teacher", model, spec).losses(model, replace(found, second=found), 1.0)["consistency"]
    assert loss == 0


def test_agreement_on_nothing_is_told_in_words(spec):
    objective = ready("mean_teacher", network(spec), spec)
    assert objective.concerns([{"answer_spread": 0.02}, {"answer_spread": 0.3}]) == []
    (told,) = objective.concerns([{"answer_spread": 0.3}, {"answer_spread": 0.002}])
    assert "says the same of all windows" in told


def test_profiles_are_refused_with_the_reason():
    profiles = DataSpec((TaskSpec("cuts", "profile", out_length=4),), ("a",), LENGTH)
    with pytest.raises(UserError, match="views of a window that are moved apart") as caught:
        ready("mean_teacher", network(profiles), profiles)
    assert "cuts" in str(caught.value)
