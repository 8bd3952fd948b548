from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from cislearn.data.batches import Batches, Loader
from cislearn.training import fit as fit_module
from cislearn.training.judge import Validation
from cislearn.training.learner import Learner, look
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


def test_weights_of_the_network_are_capped_after_each_step(problem, tmp_path):
    plan = OptimiserPlan(learning_rate=0.5, max_weight_norm=0.3)
    network, _ = train(problem, tmp_path / "run.ckpt", method="supervised", steps=4, keep="last", optimiser=plan)
    norms = torch.cat([p.flatten(1).norm(dim=1) for p in network.parameters() if p.dim() > 1])
    assert norms.max() <= 0.3 + 1e-6 and (norms > 0.299).any()


def test_the_objective_follows_each_step_and_the_end(problem, tmp_path, monkeypatch):
    from cislearn.objectives.supervised import Supervised

    called = []
    monkeypatch.setattr(Supervised, "after_step", lambda self, model: called.append("step"))
    monkeypatch.setattr(Supervised, "finish", lambda self, model, rows: called.append("finish"))
    train(problem, tmp_path / "run.ckpt", method="supervised", steps=3)
    assert called == ["step", "step", "step", "finish"]


def test_the_end_of_a_training_has_each_row_of_a_part_once_in_plain_view(problem, tmp_path, monkeypatch):
    from cislearn.objectives.adversarial import Adversarial

    sequences, parts = problem
    seen = {}

    def finish(self, model, rows):
        assert not model.training
        for part in ("source", "target", "target"):
            seen[part] = list(rows(part))

    monkeypatch.setattr(Adversarial, "finish", finish)
    train(problem, tmp_path / "run.ckpt", steps=3)
    for part, batches in seen.items():
        assert torch.cat([batch.row for batch in batches]).tolist() == parts[part].rows.tolist()
        tokens = torch.cat([batch.tokens for batch in batches])
        assert torch.equal(tokens, torch.from_numpy(sequences.gather(parts[part].rows)))
        assert all(batch.parts == {part: slice(0, len(batch))} for batch in batches)
    assert all(batch.labels.isnan().all() for batch in seen["target"])


def test_a_plain_view_comes_with_the_training_view_where_it_is_asked_for(problem):
    network, objective, batches, views = prepare(problem, "noisy_student")
    seen = []
    objective.losses = lambda model, batch, progress: seen.append(batch) or {"task": torch.zeros(())}
    learner = Learner(network, objective, views, OptimiserPlan(), 10, 0)
    learner.training_step(batches[5], 0)
    plain = seen[0].plain.tokens
    assert torch.equal(plain, batches[5].tokens) and not torch.equal(seen[0].tokens, plain)
    objective.needs_plain = False
    learner.training_step(batches[5], 0)
    assert seen[1].plain is None


@pytest.mark.parametrize("kind", ["weak", "train"])
def test_a_second_view_is_another_one_of_the_same_windows(problem, kind):
    _, objective, batches, views = prepare(problem, "mean_teacher")
    objective.second_view = kind
    found = look(batches[5], replace(views, hidden=0.3), objective)
    hidden = {name: float((tokens == 4).float().mean()) for name, tokens in
              (("first", found.tokens), ("second", found.second.tokens))}  # fmt: skip
    assert torch.equal(found.row, found.second.row) and not torch.equal(found.tokens, found.second.tokens)
    assert hidden["first"] > 0.1 and (hidden["second"] > 0.1) == (kind == "train")
    assert torch.equal(found.second.tokens, replace(views, hidden=0.3)(batches[5], kind, 5, view=1).tokens)


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

    def finish(self, model, rows):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.fill_(2.0)

    monkeypatch.setattr(Supervised, "finish", finish)
    network, _ = train(problem, tmp_path / "run.ckpt", method="supervised", steps=5, keep="best")
    assert all((parameter == 2.0).all() for parameter in network.parameters())
