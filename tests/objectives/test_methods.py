"""What holds for each method of adaptation: which labels it reads, what reaches the encoder, that weight 0 is none."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from cislearn.errors import UserError
from cislearn.models.network import build_network
from cislearn.objectives.objective import objectives
from cislearn.objectives.options import check_number, check_switch
from cislearn.schema import DataSpec, TaskSpec
from tests.objectives.conftest import LENGTH, batch_of, network
from tests.objectives.learning import constant, gradients, ready, total

ADAPTING = ["adversarial", "cdan", "moments", "mmd", "self_training", "noisy_student", "mean_teacher", "fixmatch"]
CLEAN = {"noisy_student": {"hidden": 0.0, "dropout": 0.0}, "fixmatch": {"hidden": 0.0}}
FULL = {name: {"schedule": constant(1.0)} for name in ("adversarial", "cdan", "moments", "mmd", "mean_teacher")} | {
    "fixmatch": {"confidence": 0.5}  # of two classes one is always as probable as that
}


def batch(n_tasks=1, **options):
    found = batch_of(12, 9, n_tasks=n_tasks, **options)
    return replace(found, plain=found, second=replace(found, tokens=found.tokens.flip(1)))


@pytest.mark.parametrize("name", ADAPTING)
def test_target_labels_are_never_read(spec, name):
    """trap 18: labels that would be there by mistake change no loss and no gradient."""
    model, poisoned = network(spec), batch()
    poisoned.labels[poisoned.parts["target"]] = 1e9
    found = []
    for each in (batch(), poisoned):
        loss = total(ready(name, model, spec, **FULL.get(name, {})), model, each, 0.9)
        found.append([loss, *gradients(loss, model)])
    for one, other in zip(*found, strict=True):
        assert torch.equal(one, other) and one.isfinite().all()


@pytest.mark.parametrize("name", ADAPTING)
def test_the_target_reaches_the_encoder_and_sizes_may_differ(spec, name):
    """trap 17: other target windows give another gradient; 12 source rows stand beside 9."""
    model, other = network(spec), batch()
    other.tokens[other.parts["target"]] = (other.tokens[other.parts["target"]] + 1) % 4
    found = []
    for each in (batch(), other):
        objective = ready(name, model, spec, **FULL.get(name, {}))
        found.append(gradients(total(objective, model, each, 0.9), model.encoder))
    assert max((one - two).abs().max() for one, two in zip(*found, strict=True)) > 1e-5


@pytest.mark.parametrize("name", ADAPTING)
def test_with_weight_zero_the_network_learns_as_from_labels_alone(spec, name):
    model = network(spec)
    objective = ready(name, model, spec, weight=0.0, **CLEAN.get(name, {}))
    found = gradients(total(objective, model, batch(), 0.9), model)
    expected = gradients(total(ready("supervised", model, spec), model, batch(), 0.9), model)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("name", ADAPTING)
def test_strength_depends_on_progress_alone(spec, name):
    """trap 16: neither calls nor evaluation mode move the schedule."""
    model = network(spec)
    objective = ready(name, model, spec)
    seen = []
    for progress in (0.7, 0.3, 0.7):
        objective.eval()
        total(objective, model, batch(), 0.9)
        objective.train()
        seen.append(total(objective, model, batch(), progress))
    assert seen[0] == seen[2]


@pytest.mark.parametrize("name", ADAPTING)
def test_health_is_what_the_signals_tell_of(spec, name):
    model = network(spec)
    objective = ready(name, model, spec)
    assert objective.health() == {}
    total(objective, model, batch(), 0.9)
    health = objective.health()
    assert set(health) == {signal.name for signal in objective.signals}
    assert all(torch.as_tensor(value).isfinite() for value in health.values())
    assert all(signal.meaning and signal.healthy for signal in objective.signals)
    assert not any(torch.as_tensor(value).requires_grad for value in health.values())


@pytest.mark.parametrize("name", ADAPTING)
def test_labels_of_some_of_the_target_are_learned_from(spec, name):
    """A share of the target's labels: its rows count for the task and belong to the target."""
    model, found = network(spec), batch()
    found.labels[12:15] = 1.0
    shown = replace(found, parts={"source": slice(0, 12), "target_labelled": slice(12, 15), "target": slice(12, 21)})
    objective = ready(name, model, spec, **CLEAN.get(name, {}))
    torch.manual_seed(2)
    task = objective.losses(model, shown, 0.9)["task"]
    logits = model.classify(model.features(model.embed(found.tokens)))
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits[:15], found.labels[:15])
    torch.testing.assert_close(task, expected)


@pytest.mark.parametrize("name", ADAPTING)
@pytest.mark.parametrize("encoder", ["motif_cnn", "dann_tf"])
def test_each_works_with_each_encoder_and_with_several_tasks(name, encoder):
    tasks = (TaskSpec("a"), TaskSpec("b"), TaskSpec("c", "multiclass", channels=3))
    many = DataSpec(tasks[:2] if encoder == "dann_tf" else tasks, ("a", "b", "c"), LENGTH)
    torch.manual_seed(0)
    model = build_network(encoder, many)
    objective = ready(name, model, many, **FULL.get(name, {}))
    loss = total(objective, model, batch(len(many.tasks)), 0.9)
    assert loss.isfinite()
    assert all(g.isfinite().all() for g in gradients(loss, model))


@pytest.mark.parametrize("name", ["cdan", "self_training", "noisy_student", "fixmatch"])
@pytest.mark.parametrize("task", [TaskSpec("activity", "regression"), TaskSpec("cuts", "profile", out_length=4)])
def test_tasks_without_classes_are_refused_where_classes_are_needed(name, task):
    values = DataSpec((task,), ("a", "b", "c"), LENGTH)
    told = f"method {name} needs tasks with classes; {task.name} is a {task.kind} task"
    with pytest.raises(UserError, match=told) as caught:
        ready(name, network(values), values)
    assert "moments" in caught.value.fix


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("cdan", {"weight": -1}, "weight -1: expected a number from 0"),
        ("cdan", {"dimensions": 0}, "dimensions 0: expected a number of units from 1"),
        ("moments", {"weight": float("nan")}, "weight nan: expected a number from 0"),
        ("moments", {"sources": "all"}, "sources 'all': expected pooled or each"),
        ("self_training", {"start": 1.0}, "start 1.0: expected a share below 1"),
        ("self_training", {"share": 2}, "share 2: expected a number from 0 to 1"),
        ("self_training", {"confidence": True}, "confidence True: expected a number from 0 to 1"),
        ("mean_teacher", {"unlabelled": 0}, "unlabelled 0: expected a number above 0"),
        ("fixmatch", {"confidence": {"a": 2}}, "confidence of a 2: expected a number from 0 to 1"),
        ("mean_teacher", {"decay": 1.0}, "decay 1.0: expected a share below 1"),
        ("noisy_student", {"hidden": -0.1}, "hidden -0.1: expected a number from 0 to 1"),
    ],
)
def test_an_option_that_cannot_be_is_refused_in_words(name, options, message):
    with pytest.raises(ValueError, match=message):
        objectives.get(name)(**options)


@pytest.mark.parametrize("value", ["0", "false", 0, 1, None])
def test_a_flag_that_is_a_word_or_a_number_is_not_read_as_true(value):
    """trap 18: in the published code "0" was true."""
    with pytest.raises(ValueError, match="expected true or false"):
        check_switch("entropy", value)
    with pytest.raises(ValueError, match="weight 'much': expected a number from 0"):
        check_number("weight", "much")


@pytest.mark.parametrize("name", ["cdan", "moments", "mmd"])
def test_an_unknown_schedule_is_refused(name):
    with pytest.raises(UserError, match="did you mean ganin"):
        objectives.get(name)(schedule="gannin")
