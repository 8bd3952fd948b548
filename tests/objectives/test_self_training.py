from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from cislearn.objectives.self_training import choose_certain, pseudo_loss
from tests.objectives.conftest import batch_of, network
from tests.objectives.learning import gradients, ready


def batch(seed=0):
    found = batch_of(8, 10, seed=seed)
    return replace(found, plain=found)


def slow_choice(probabilities, share, confidence):
    """Class by class, the surest first."""
    taken = [False] * len(probabilities)
    guesses = [int(np.argmax(row)) for row in probabilities]
    for c in range(len(probabilities[0])):
        mine = sorted((i for i, g in enumerate(guesses) if g == c), key=lambda i: -probabilities[i][c])
        for i in mine[: int(np.ceil(share * len(mine) - 1e-9))]:
            taken[i] = bool(probabilities[i][c] >= confidence)
    return taken


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 30),
    st.integers(2, 4),
    st.sampled_from([0.0, 0.1, 0.3, 0.5, 1.0]),
    st.floats(0, 0.9),
    st.integers(0, 9),
)
def test_the_surest_of_each_class_against_a_loop(n, c, share, confidence, seed):
    probabilities = torch.randn(n, c, generator=torch.Generator().manual_seed(seed)).softmax(1)
    found = choose_certain(probabilities, share=share, confidence=confidence)
    assert found.tolist() == slow_choice(probabilities.numpy(), share, confidence)


def test_a_tenth_of_ten_rows_is_one_row():
    probabilities = torch.linspace(0.6, 0.9, 10)[:, None] * torch.tensor([[1.0, 0.0]])
    assert choose_certain(probabilities, share=0.1, confidence=0.0).tolist() == [False] * 9 + [True]


def test_the_loss_is_a_mean_over_rows_or_over_classes():
    logs = torch.randn(6, 2, generator=torch.Generator().manual_seed(0)).log_softmax(1)
    answers = F.one_hot(torch.tensor([0, 0, 0, 1, 1, 0]), 2).float()
    taken = torch.tensor([True, True, True, True, False, False])
    each = -(answers * logs).sum(1)
    torch.testing.assert_close(pseudo_loss(logs, answers, taken, balanced=False), each[:4].mean())
    torch.testing.assert_close(pseudo_loss(logs, answers, taken, balanced=True), (each[:3].mean() + each[3]) / 2)
    assert pseudo_loss(logs, answers, torch.zeros(6, dtype=torch.bool), balanced=True) == 0


@pytest.mark.parametrize("name", ["self_training", "noisy_student"])
def test_pseudo_labels_are_the_teachers_at_the_moment_it_was_frozen(spec, name):
    """The whole loss written out, after the student has moved on."""
    model = network(spec)
    clean = {"hidden": 0.0, "dropout": 0.0, "soft": False} if name == "noisy_student" else {}
    objective = ready(name, model, spec, share=0.5, weight=2.0, start=0.4, balanced=False, **clean)
    assert objective.losses(model, batch(), 0.39)["pseudo"] == 0
    assert objective.health() == {} and not objective.teacher.is_set
    teacher = copy.deepcopy(model)
    objective.losses(model, batch(), 0.4)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.5 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    told = batch(1)
    found = objective.losses(model, told, 0.9)["pseudo"]
    tokens = told.tokens[8:]
    answers = torch.sigmoid(teacher(teacher.embed(tokens)))[:, 0].detach()
    logits = model(model.embed(tokens))[:, 0]
    taken = slow_choice(torch.stack([1 - answers, answers], 1).numpy(), 0.5, 0.0)
    expected = F.binary_cross_entropy_with_logits(logits[taken], (answers[taken] > 0.5).float())
    torch.testing.assert_close(found, 2.0 * expected)
    assert not torch.equal((torch.sigmoid(logits) > 0.5), answers > 0.5), "the student would say the same anyway"


@pytest.mark.parametrize("name", ["self_training", "noisy_student"])
def test_the_teacher_is_state_and_neither_trained_nor_in_training_mode(spec, name):
    """trap 16: a resumed run has the teacher of the one that was killed, and knows that it has one."""
    model = network(spec, norm=True)
    objective = ready(name, model, spec)
    objective.losses(model, batch(), 0.6)
    state = copy.deepcopy(objective.state_dict())
    assert state["teacher.is_set"]
    other = network(spec, norm=True, seed=5)
    resumed = ready(name, other, spec)
    resumed.load_state_dict(state)
    resumed.train()
    resumed.losses(other, batch(), 0.7)  # would freeze anew, had it forgotten
    for key, value in state.items():
        assert torch.equal(resumed.state_dict()[key], value)
    assert not any(parameter.requires_grad for parameter in objective.parameters())
    assert not any(module.training for module in resumed.teacher.modules())


def test_rows_with_labels_have_no_pseudo_label(spec):
    """Where a share of the target's labels is seen, the others alone are the teacher's."""
    model = network(spec)
    objective = ready("self_training", model, spec)
    found = batch()
    found.labels[8:] = 1.0
    all_shown = replace(found, parts={"source": slice(0, 8), "target_labelled": slice(8, 18), "target": slice(8, 18)})
    assert objective.losses(model, all_shown, 0.9)["pseudo"] == 0


def test_the_student_is_noised_and_the_teacher_reads_plain_windows(spec):
    model = network(spec)
    objective = ready("noisy_student", model, spec, hidden=0.5, dropout=0.5, start=0.4)
    seen = {"student": [], "teacher": []}
    model.one_hot.register_forward_pre_hook(lambda _, inputs: seen["student"].append(inputs[0]))
    objective.teacher.network.one_hot.register_forward_pre_hook(lambda _, inputs: seen["teacher"].append(inputs[0]))
    moved = batch()
    moved = replace(moved, tokens=moved.tokens.flip(1))
    objective.losses(model, moved, 0.3)
    assert torch.equal(seen["student"][0], moved.tokens)
    objective.losses(model, moved, 0.9)
    assert torch.equal(seen["teacher"][0], moved.plain.tokens[8:])
    became_n = seen["student"][1] != moved.tokens
    assert (seen["student"][1][became_n] == 4).all() and 0.3 < became_n.float().mean() < 0.6
    torch.manual_seed(0)
    once = objective.losses(model, moved, 0.9)["task"]
    torch.manual_seed(0)
    assert objective.losses(model, moved, 0.9)["task"] == once
    assert objective.losses(model, moved, 0.9)["task"] != once


def test_soft_answers_are_the_teachers_probabilities(spec):
    model = network(spec)
    clean = {"hidden": 0.0, "dropout": 0.0, "balanced": False}
    objective = ready("noisy_student", model, spec, **clean)
    found = batch()
    loss = objective.losses(model, found, 0.9)["pseudo"]
    logits = model(model.embed(found.tokens[8:]))[:, 0]
    torch.testing.assert_close(loss, F.binary_cross_entropy_with_logits(logits, torch.sigmoid(logits).detach()))
    # A student who is the teacher has nothing to learn from soft answers.
    assert max(g.abs().max() for g in gradients(loss, model)) < 1e-6


def test_one_sided_pseudo_labels_are_told_in_words(spec):
    objective = ready("self_training", network(spec), spec)
    last = {"train_task": 0.5, "pseudo_taken": 0.5}
    assert objective.concerns([{"train_task": 0.5}]) == []
    assert objective.concerns([last | {"pseudo_largest_class": 0.75}]) == []
    (one_sided,) = objective.concerns([last | {"pseudo_largest_class": 0.995}])
    assert "of one class" in one_sided
    (none,) = objective.concerns([{"train_task": 0.5, "pseudo_taken": 0.0, "pseudo_largest_class": 0.0}])
    assert "never sure" in none
