from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from cislearn.errors import UserError
from cislearn.objectives.class_weights import ClassWeights
from cislearn.objectives.supervised import Supervised, task_loss
from cislearn.schema import DataSpec, TaskSpec
from tests.objectives.conftest import LENGTH, batch_of, network

NAN = float("nan")
MIXED = DataSpec((TaskSpec("bound"), TaskSpec("state", "multiclass", 3), TaskSpec("level", "regression")), (), LENGTH)


def test_each_kind_of_task_has_pytorchs_loss():
    logits = torch.randn(20, 5, dtype=torch.float64)
    bound, state = torch.randint(0, 2, (20,)), torch.randint(0, 3, (20,))
    level = torch.randn(20, dtype=torch.float64)
    labels = torch.stack([bound.double(), state.double(), level], 1)
    expected = [
        F.binary_cross_entropy_with_logits(logits[:, 0], bound.double()),
        F.cross_entropy(logits[:, 1:4], state),
        F.mse_loss(logits[:, 4], level),
    ]
    torch.testing.assert_close(task_loss(logits, labels, MIXED), sum(expected) / 3)
    for t, (task, columns) in enumerate(zip(MIXED.tasks, (slice(0, 1), slice(1, 4), slice(4, 5)), strict=True)):
        one = DataSpec((task,), (), LENGTH)
        torch.testing.assert_close(task_loss(logits[:, columns], labels[:, [t]], one), expected[t])


def test_partly_labelled_tasks_against_a_computation_by_hand():
    two = DataSpec((TaskSpec("a"), TaskSpec("b")), (), LENGTH)
    logits = torch.tensor([[0.0, 1.0], [2.0, -1.0], [-3.0, 0.5]], dtype=torch.float64)
    labels = torch.tensor([[1.0, NAN], [0.0, 1.0], [NAN, NAN]], dtype=torch.float64)
    softplus = torch.nn.functional.softplus
    first = (softplus(-logits[0, 0]) + softplus(logits[1, 0])) / 2  # two labelled examples of task a
    second = softplus(-logits[1, 1])  # one of task b
    torch.testing.assert_close(task_loss(logits, labels, two), (first + second) / 2)


@pytest.mark.parametrize("given", [None, {"t1": [1.0, 4.0], "t3": [0.5, 2.0]}])
def test_many_binary_tasks_at_once_are_the_mean_of_each_by_itself(given):
    many = DataSpec(tuple(TaskSpec(f"t{t}") for t in range(6)), (), LENGTH)
    logits = torch.randn(30, 6, dtype=torch.float64)
    labels = torch.randint(0, 2, (30, 6)).double()
    labels[torch.rand(30, 6) < 0.4] = NAN
    labels[:, 2] = NAN  # adds nothing
    logits[labels.isnan()] = torch.inf  # and is never read
    logits.requires_grad_()
    weights = ClassWeights(given, many)
    expected = []
    for t in (0, 1, 3, 4, 5):
        one = DataSpec((TaskSpec(f"t{t}"),), (), LENGTH)
        own = ClassWeights({name: w for name, w in (given or {}).items() if name == f"t{t}"}, one)
        expected.append(task_loss(logits[:, [t]], labels[:, [t]], one, own))
    found = task_loss(logits, labels, many, weights)
    torch.testing.assert_close(found, sum(expected) / 5)
    found.backward()
    assert (logits.grad[labels.isnan()] == 0).all() and logits.grad.isfinite().all()


def test_many_binary_tasks_in_bfloat16_are_summed_with_all_their_digits():
    """A sum of 600 weights in bfloat16 would be 512 or so: the loss is that of the same logits in double precision."""
    many = DataSpec((TaskSpec("a"), TaskSpec("b")), (), LENGTH)
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(600, 2, generator=generator).bfloat16()
    labels = torch.randint(0, 2, (600, 2), generator=generator).float()
    weights = ClassWeights({"a": [1.0, 20.0]}, many)
    found, exact = task_loss(logits, labels, many, weights), task_loss(logits.double(), labels.double(), many, weights)
    assert float(found) == pytest.approx(float(exact), rel=1e-3)


def test_a_task_without_a_label_in_the_batch_adds_nothing():
    two = DataSpec((TaskSpec("a"), TaskSpec("b")), (), LENGTH)
    logits = torch.randn(4, 2)
    labels = torch.tensor([[1.0, NAN], [0.0, NAN], [1.0, NAN], [1.0, NAN]])
    torch.testing.assert_close(
        task_loss(logits, labels, two), F.binary_cross_entropy_with_logits(logits[:, 0], labels[:, 0])
    )


def test_absent_labels_give_no_gradient_whatever_the_logits_are():
    logits = torch.tensor([[0.3], [1e30], [-2.0]], requires_grad=True)
    task_loss(logits, torch.tensor([[1.0], [NAN], [0.0]]), DataSpec((TaskSpec("a"),), (), LENGTH)).backward()
    assert logits.grad[1] == 0
    assert logits.grad[[0, 2]].abs().min() > 0


def test_without_any_label_the_loss_and_its_gradients_are_zero():
    logits = torch.randn(4, 5, requires_grad=True)
    loss = task_loss(logits, torch.full((4, 3), NAN), MIXED)
    loss.backward()
    assert loss == 0
    assert (logits.grad == 0).all()


def test_classes_weigh_as_told():
    tasks = (TaskSpec("a"), TaskSpec("b"), TaskSpec("c", "multiclass", 3))
    spec = DataSpec(tasks, (), LENGTH)
    logits, labels = torch.randn(8, 5), torch.stack([torch.randint(0, n, (8,)) for n in (2, 2, 3)], 1).float()
    given = {"a": [0.5, 3.0], "c": [1.0, 2.0, 4.0]}
    weight = torch.tensor(given["a"])[labels[:, 0].long()]
    a = (F.binary_cross_entropy_with_logits(logits[:, 0], labels[:, 0], reduction="none") * weight).sum() / weight.sum()
    b = F.binary_cross_entropy_with_logits(logits[:, 1], labels[:, 1])
    c = F.cross_entropy(logits[:, 2:], labels[:, 2].long(), weight=torch.tensor(given["c"]))
    torch.testing.assert_close(task_loss(logits, labels, spec, ClassWeights(given, spec)), (a + b + c) / 3)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"a": [1.0]}, "takes 2 numbers above 0"),
        ({"a": [1.0, 0.0]}, "takes 2 numbers above 0"),
        ({"aa": [1.0, 1.0]}, "did you mean a"),
        ({"level": [1.0, 1.0]}, "a regression task takes none"),
    ],
)
def test_weights_that_fit_no_task_are_refused(given, message):
    spec = DataSpec((TaskSpec("a"), TaskSpec("level", "regression")), (), LENGTH)
    with pytest.raises(UserError, match=message):
        ClassWeights(given, spec)


@pytest.mark.parametrize("target", [0, 3])
def test_only_source_rows_are_learned_from(spec, target):
    """trap 17: the parts of a batch are of any sizes."""
    model, objective = network(spec), Supervised(class_weights={"bound": [1.0, 2.0]})
    objective.setup(model, spec)
    batch = batch_of(7, target)
    batch.labels[7:] = 1e9
    (loss,) = objective.losses(model, batch, 0.5).values()
    alone = model(model.embed(batch.tokens[:7]))[:, 0]
    labels = batch.labels[:7, 0]
    losses = F.binary_cross_entropy_with_logits(alone, labels, pos_weight=torch.tensor(2.0), reduction="sum")
    expected = losses / (1.0 + labels).sum()
    torch.testing.assert_close(loss, expected)


def test_it_brings_nothing_to_train_and_nothing_to_save(spec):
    objective = Supervised(class_weights={"bound": [1.0, 2.0]})
    objective.setup(network(spec), spec)
    assert objective.draws == {"source": 1.0}
    assert not list(objective.parameters())
    assert not objective.state_dict()
    assert objective.health() == {}
