from __future__ import annotations

import pytest
import torch

from cislearn.data.batches import Batches, Loader
from cislearn.training import fit as fit_module
from cislearn.training.judge import Validation
from cislearn.training.learner import Learner
from cislearn.training.optimisers import OptimiserPlan
from tests.training.conftest import prepare, train, weights


class FromTheBeginning(Loader):
    """A loader that knows nothing of where a run stood."""

    def __init__(self, batches: Batches, start: int, stop: int) -> None:
        super().__init__(batches, 1, stop)


def test_a_batch_of_another_step_is_refused(problem, tmp_path, monkeypatch):
    monkeypatch.setattr(fit_module, "Loader", FromTheBeginning)
    with pytest.raises(RuntimeError, match="batch 1 came at step 0: the training would not be exact"):
        train(problem, tmp_path / "run.ckpt")


def test_network_and_objective_are_both_trained(problem):
    network, objective, _, views = prepare(problem, "adversarial")
    learner = Learner(network, objective, views, OptimiserPlan(), 10, 0)
    (group,) = learner.configure_optimizers().param_groups
    trained = {id(p) for p in group["params"]}
    assert trained == {id(p) for p in [*network.parameters(), *objective.parameters()]}
    assert {id(p) for p in objective.discriminator.parameters()} <= trained


def test_a_step_sees_the_training_view_and_the_progress_of_its_batch(problem):
    network, objective, batches, views = prepare(problem, "adversarial")
    learner = Learner(network, objective, views, OptimiserPlan(), 10, 0)
    loss = learner.training_step(batches[5], 0)
    expected = objective.losses(network, views(batches[5], "train", 5), 0.5)
    torch.testing.assert_close(loss, sum(expected.values()))
    torch.testing.assert_close(learner.last_losses, {name: value.detach() for name, value in expected.items()})
    assert not any(value.requires_grad for value in learner.last_losses.values())


def test_the_objective_follows_each_step_and_the_end(problem, tmp_path, monkeypatch):
    from cislearn.objectives.supervised import Supervised

    called = []
    monkeypatch.setattr(Supervised, "after_step", lambda self, model: called.append("step"))
    monkeypatch.setattr(Supervised, "finish", lambda self, model: called.append("finish"))
    train(problem, tmp_path / "run.ckpt", method="supervised", steps=3)
    assert called == ["step", "step", "step", "finish"]


def test_what_follows_a_step_is_in_its_checkpoint(problem, tmp_path, monkeypatch):
    """A moving average that the checkpoint of a step lacked would not be the same after a resume."""
    from cislearn.objectives.supervised import Supervised

    followed, at_validation = [], []
    monkeypatch.setattr(Supervised, "after_step", lambda self, model: followed.append(weights(model)))

    def validate(network):
        at_validation.append((len(followed), torch.equal(followed[-1], weights(network))))
        return Validation(0.5, 1.0, {})

    train(problem, tmp_path / "run.ckpt", method="supervised", steps=7, validate=validate)
    assert at_validation == [(5, True), (7, True)]


def test_the_end_of_a_training_changes_the_weights_that_are_kept(problem, tmp_path, monkeypatch):
    from cislearn.objectives.supervised import Supervised

    def finish(self, model):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.fill_(2.0)

    monkeypatch.setattr(Supervised, "finish", finish)
    network, _ = train(problem, tmp_path / "run.ckpt", method="supervised", steps=5, keep="best")
    assert all((parameter == 2.0).all() for parameter in network.parameters())
