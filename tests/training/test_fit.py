from __future__ import annotations

import logging
from functools import partial
from types import SimpleNamespace

import pytest
import torch

from cislearn.data.views import mix_seed
from cislearn.errors import UserError
from cislearn.objectives.objective import objectives
from cislearn.training.judge import Validation, read_step
from cislearn.training.optimisers import OptimiserPlan, learning_rate
from tests.training.conftest import NORMED, SEED, Killed, loss_on, prepare, scores, timeless, train, weights

RESUMABLE = [name for name in objectives.names() if name != "adabn"]
"""All methods that this network can be trained by; adabn needs batch norm and has a test of its own below."""

# --- Resuming ---


@pytest.mark.parametrize("method", RESUMABLE)
def test_a_run_broken_off_and_resumed_ends_at_the_same_weights(problem, tmp_path, method):
    """trap 16: schedules, generator, rows and optimiser all go on where they stood."""
    whole, fitted = train(problem, tmp_path / "whole.ckpt", method=method)
    with pytest.raises(Killed):
        train(problem, tmp_path / "killed.ckpt", method=method, stop_at=17)
    assert read_step(tmp_path / "killed.ckpt") == 15
    resumed, resumed_fitted = train(problem, tmp_path / "killed.ckpt", method=method)
    assert torch.equal(weights(whole), weights(resumed))
    assert timeless(fitted) == timeless(resumed_fitted)


def test_a_resumed_ladder_has_the_same_running_statistics(problem, tmp_path):
    """trap 16: noise, decoder and the statistics of clean labelled rows go on where they stood."""
    whole, fitted = train(problem, tmp_path / "whole.ckpt", method="ladder", encoder=NORMED, keep="last")
    with pytest.raises(Killed):
        train(problem, tmp_path / "killed.ckpt", method="ladder", encoder=NORMED, keep="last", stop_at=17)
    resumed, resumed_fitted = train(problem, tmp_path / "killed.ckpt", method="ladder", encoder=NORMED, keep="last")
    assert torch.equal(weights(whole), weights(resumed))
    assert timeless(fitted) == timeless(resumed_fitted)
    assert {"train_reconstruction", "reconstruction_0", "reconstruction_4"} <= set(fitted.history[-1])


@pytest.mark.parametrize("stop_at", [14, 17, 23])
@pytest.mark.parametrize("method", ["self_training", "noisy_student"])
def test_a_resumed_student_has_the_same_teacher(problem, tmp_path, method, stop_at):
    """trap 16: killed before, just before and after the teacher is frozen at step 15 of 30."""
    whole, fitted = train(problem, tmp_path / "whole.ckpt", method=method, keep="last")
    with pytest.raises(Killed):
        train(problem, tmp_path / "killed.ckpt", method=method, stop_at=stop_at, keep="last")
    resumed, resumed_fitted = train(problem, tmp_path / "killed.ckpt", method=method, keep="last")
    assert torch.equal(weights(whole), weights(resumed))
    assert timeless(fitted) == timeless(resumed_fitted)
    taught = [row["step"] for row in fitted.history if "pseudo_taken" in row]
    assert taught == [20, 25, 30]


@pytest.mark.parametrize("method", ["mean_teacher", "fixmatch"])
def test_a_resumed_student_with_batch_norm_has_the_same_teacher(problem, tmp_path, method):
    """trap 16: running statistics of student and teacher are state as well."""
    whole, fitted = train(problem, tmp_path / "whole.ckpt", method=method, encoder=NORMED, keep="last")
    with pytest.raises(Killed):
        train(problem, tmp_path / "killed.ckpt", method=method, encoder=NORMED, keep="last", stop_at=17)
    resumed, again = train(problem, tmp_path / "killed.ckpt", method=method, encoder=NORMED, keep="last")
    assert torch.equal(weights(whole), weights(resumed))
    assert timeless(fitted) == timeless(again)


@pytest.mark.parametrize("patience_of", ["score", "loss"])
def test_no_validation_counts_before_the_head_is_trained(problem, tmp_path, patience_of):
    """30 steps, of which 15 read no label, judged every 5: no patience is tried and no weights are kept until 20."""
    _, fitted = train(problem, tmp_path / "a.ckpt", method="masked_first", patience=3, patience_of=patience_of)
    assert fitted.step > 15 and fitted.history[-1]["step"] == 30
    assert ["train_task" in row for row in fitted.history] == [False] * 3 + [True] * 3


def test_adabn_adapts_at_the_end_also_of_a_resumed_training(problem, tmp_path):
    whole, _ = train(problem, tmp_path / "whole.ckpt", method="adabn", encoder=NORMED)
    plain, _ = train(problem, tmp_path / "plain.ckpt", method="supervised", encoder=NORMED)
    with pytest.raises(Killed):
        train(problem, tmp_path / "killed.ckpt", method="adabn", stop_at=17, encoder=NORMED)
    resumed, _ = train(problem, tmp_path / "killed.ckpt", method="adabn", encoder=NORMED)
    assert torch.equal(weights(whole), weights(resumed))
    for one, other in zip(whole.parameters(), plain.parameters(), strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(weights(whole), weights(plain))


def test_a_training_that_is_only_timed_is_not_finished(problem, tmp_path, monkeypatch):
    monkeypatch.setattr(objectives.get("supervised"), "finish", lambda *_: pytest.fail("it was"))
    train(problem, tmp_path / "run.ckpt", method="supervised", steps=3, finish=False)


def test_broken_off_again_and_again(problem, tmp_path):
    whole, fitted = train(problem, tmp_path / "whole.ckpt", keep="last")
    for stop_at in (3, 8, 12, 14, 29):
        with pytest.raises(Killed):
            train(problem, tmp_path / "killed.ckpt", stop_at=stop_at, keep="last")
    resumed, resumed_fitted = train(problem, tmp_path / "killed.ckpt", keep="last")
    assert torch.equal(weights(whole), weights(resumed))
    assert timeless(fitted) == timeless(resumed_fitted)
    assert resumed_fitted.step == 30


def test_a_training_killed_after_its_last_step_is_not_gone_on_with(problem, tmp_path):
    whole, fitted = train(problem, tmp_path / "run.ckpt")
    taken = []
    again, fitted_again = train(problem, tmp_path / "run.ckpt", watch=lambda step, row: taken.append(step))
    assert taken == []
    assert torch.equal(weights(whole), weights(again))
    assert fitted == fitted_again


def test_a_training_that_ran_out_of_patience_is_not_gone_on_with(problem, tmp_path):
    falling = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5]
    first, fitted = train(problem, tmp_path / "run.ckpt", patience=2, validate=scores(*falling))
    assert [row["step"] for row in fitted.history] == [5, 10, 15]
    taken = []
    again, fitted_again = train(
        problem,
        tmp_path / "run.ckpt",
        patience=2,
        validate=scores(2.0, 3.0, 4.0),
        watch=lambda step, row: taken.append(step),
    )
    assert taken == []
    assert torch.equal(weights(first), weights(again))
    assert fitted == fitted_again


def test_patience_counts_on_over_a_kill(problem, tmp_path):
    with pytest.raises(Killed):
        train(problem, tmp_path / "run.ckpt", patience=2, stop_at=12, validate=scores(1.0, 0.9))
    _, fitted = train(problem, tmp_path / "run.ckpt", patience=2, validate=scores(0.8, 2.0, 2.0))
    assert [row["step"] for row in fitted.history] == [5, 10, 15]


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"no checkpoint", lambda b: b""])
def test_a_damaged_checkpoint_is_named_with_what_to_do(problem, tmp_path, damage):
    path = tmp_path / "run.ckpt"
    with pytest.raises(Killed):
        train(problem, path, stop_at=7)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError, match="cannot be read") as caught:
        train(problem, path)
    assert caught.value.where == path
    assert "Remove it" in caught.value.fix


def test_a_checkpoint_that_holds_something_else_is_named(tmp_path):
    torch.save({"weights": torch.zeros(3)}, tmp_path / "run.ckpt")
    with pytest.raises(UserError, match="cannot be read"):
        read_step(tmp_path / "run.ckpt")


def test_no_half_written_checkpoint_stays_behind(problem, tmp_path):
    train(problem, tmp_path / "run.ckpt", steps=10)
    assert [p.name for p in tmp_path.iterdir()] == ["run.ckpt"]


# --- What a training is: an explicit loop ---


@pytest.mark.parametrize("method", ["supervised", "adversarial"])
@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_training_is_this_loop(problem, tmp_path, method, name):
    """Oracle: the whole training written out, with PyTorch's own optimisers."""
    plan = OptimiserPlan(name, 0.02, weight_decay=1e-2, momentum=0.8, decay="ganin", warmup=0.1)
    trained, _ = train(problem, tmp_path / "run.ckpt", method=method, steps=12, optimiser=plan, keep="last")
    network, objective, batches, views = prepare(problem, method)
    parameters = [*network.parameters(), *objective.parameters()]
    optimiser = {
        "sgd": partial(torch.optim.SGD, momentum=0.8),
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
    }[name](parameters, lr=0.02, weight_decay=1e-2)
    for step in range(12):
        torch.manual_seed(mix_seed(SEED, step))
        optimiser.param_groups[0]["lr"] = learning_rate(plan, (step + 0.5) / 12)
        losses = objective.losses(network, views(batches[step], "train", step), step / 12)
        optimiser.zero_grad()
        sum(losses.values()).backward()
        optimiser.step()
    torch.testing.assert_close(weights(trained), weights(network), rtol=1e-6, atol=1e-7)


def test_training_learns_the_planted_word(problem, tmp_path):
    plan = OptimiserPlan(learning_rate=0.03)
    _, fitted = train(problem, tmp_path / "run.ckpt", method="supervised", steps=150, validate_every=50, optimiser=plan)
    assert fitted.history[-1]["valid_loss"] < 0.5


def test_the_gradient_is_clipped_to_its_norm(problem, tmp_path):
    plan = OptimiserPlan("sgd", 1.0, weight_decay=0.0, momentum=0.0, decay="constant", warmup=0.0)
    for clip in (None, 1e-3):
        before = weights(prepare(problem, "supervised")[0])
        trained, _ = train(
            problem, tmp_path / f"{clip}.ckpt", method="supervised", steps=1, optimiser=plan, gradient_clip=clip
        )
        moved = float((weights(trained) - before).norm())
        assert moved > 1e-2 if clip is None else moved == pytest.approx(1e-3, rel=1e-2)


def test_precision_is_passed_on(problem, tmp_path):
    full, _ = train(problem, tmp_path / "full.ckpt", steps=5)
    half, fitted = train(problem, tmp_path / "half.ckpt", steps=5, precision="bf16-mixed")
    assert weights(half).dtype == torch.float32
    assert not torch.equal(weights(full), weights(half))
    assert weights(half).isfinite().all()
    assert fitted.history[-1]["valid_loss"] < 1


def test_half_precision_and_clipping_go_together(problem, tmp_path):
    """A fused optimiser would be refused here, by Lightning."""
    trained, _ = train(problem, tmp_path / "run.ckpt", steps=2, precision="bf16-mixed", gradient_clip=0.1)
    assert weights(trained).isfinite().all()


# --- Which weights are kept ---


def test_the_best_weights_are_those_of_the_best_score_and_the_last_those_of_the_end(problem, tmp_path):
    told = [0.5, 0.9, 0.7, 0.9, 0.1, 0.2]
    best, fitted = train(problem, tmp_path / "best.ckpt", keep="best", validate=scores(*told))
    seen = {}

    def copy(network):
        seen[len(seen)] = weights(network).clone()
        return scores(*told[len(seen) - 1 :])(network)

    last, fitted_last = train(problem, tmp_path / "last.ckpt", keep="last", validate=copy)
    assert (fitted.step, fitted_last.step) == (10, 30)
    assert torch.equal(weights(best), seen[1])
    assert torch.equal(weights(last), seen[5])


def test_the_best_weights_survive_a_kill(problem, tmp_path):
    whole, _ = train(problem, tmp_path / "whole.ckpt", validate=scores(0.5, 0.9, 0.7, 0.8, 0.1, 0.2))
    with pytest.raises(Killed):
        train(problem, tmp_path / "run.ckpt", stop_at=18, validate=scores(0.5, 0.9, 0.7))
    resumed, fitted = train(problem, tmp_path / "run.ckpt", validate=scores(0.8, 0.1, 0.2))
    assert fitted.step == 10
    assert torch.equal(weights(whole), weights(resumed))


def test_patience_stops_after_so_many_validations_without_a_better_score(problem, tmp_path):
    told = scores(0.5, 0.9, 0.8, 0.9, 1.0, 1.1)
    _, fitted = train(problem, tmp_path / "run.ckpt", patience=2, validate=told)
    assert [row["step"] for row in fitted.history] == [5, 10, 15, 20]
    assert fitted.step == 10


def test_patience_may_be_of_the_loss_while_the_best_score_is_kept(problem, tmp_path):
    told = iter(
        [Validation(score, loss, {}) for score, loss in ((0.5, 1.0), (0.6, 0.8), (0.7, 0.9), (0.8, 0.95), (0.9, 1.0))]
    )
    _, fitted = train(
        problem, tmp_path / "run.ckpt", patience=2, patience_of="loss", validate=lambda network: next(told)
    )
    assert [row["step"] for row in fitted.history] == [5, 10, 15, 20]
    assert fitted.step == 20


def test_a_score_that_is_undefined_is_worse_than_any(problem, tmp_path):
    nan = float("nan")
    _, fitted = train(problem, tmp_path / "run.ckpt", validate=scores(nan, 0.3, nan, 0.2, nan, nan))
    assert fitted.step == 10


# --- History ---


def test_seconds_go_on_over_a_kill(problem, tmp_path, monkeypatch):
    clock = iter(float(10 * k) for k in range(100))
    monkeypatch.setattr("cislearn.training.judge.time", SimpleNamespace(monotonic=lambda: next(clock)))
    with pytest.raises(Killed):
        train(problem, tmp_path / "run.ckpt", steps=10, stop_at=7)
    _, fitted = train(problem, tmp_path / "run.ckpt", steps=10)
    assert [row["seconds"] for row in fitted.history] == [10.0, 20.0]


def test_history_has_a_row_a_validation_and_one_for_the_last_step(problem, tmp_path):
    """Each row holds the mean losses of the steps since the one before."""
    shown = []
    _, fitted = train(problem, tmp_path / "run.ckpt", steps=12, watch=lambda step, row: shown.append((step, row)))
    assert [row["step"] for row in fitted.history] == [5, 10, 12]
    for row in fitted.history:
        assert row["train_loss"] == pytest.approx(row["train_task"] + row["train_domain"])
        assert row["valid_score"] == -row["valid_loss"]
        assert 0 <= row["domain_accuracy"] <= 1
        assert row["learning_rate"] > 0
    assert [step for step, row in shown if not row] == list(range(1, 13))
    assert [row for _, row in shown if row] == fitted.history


def test_health_is_the_mean_over_the_steps_that_told_it(problem, tmp_path):
    """A teacher that is frozen within an interval taught in some of its steps: 15 to 19 of those up to 20."""
    told = {}
    for every in (1, 20):
        settings = {"method": "self_training", "validate_every": every, "validate": scores(*range(40))}
        _, fitted = train(problem, tmp_path / f"{every}.ckpt", **settings)
        told[every] = {row["step"]: row["pseudo_largest_class"] for row in fitted.history if "pseudo_taken" in row}
    assert min(told[1]) == 16 and list(told[20]) == [20, 30]
    assert told[20][20] == pytest.approx(sum(told[1][step] for step in range(16, 21)) / 5, rel=1e-5)


def test_the_losses_of_the_history_are_the_means_of_the_steps(problem, tmp_path):
    each = []
    _, every_step = train(problem, tmp_path / "one.ckpt", steps=10, validate_every=1, validate=scores(*range(10)))
    each = [row["train_task"] for row in every_step.history]
    _, fitted = train(problem, tmp_path / "five.ckpt", steps=10, validate=scores(0, 1))
    expected = [sum(each[:5]) / 5, sum(each[5:]) / 5]
    assert [row["train_task"] for row in fitted.history] == pytest.approx(expected, rel=1e-5)


def test_what_a_validation_adds_becomes_a_column(problem, tmp_path):
    _, fitted = train(problem, tmp_path / "run.ckpt", steps=5, validate=scores(0.5))
    assert fitted.history[0]["extra"] == 7.0


def test_validating_more_often_changes_no_weight(problem, tmp_path):
    often, _ = train(problem, tmp_path / "often.ckpt", steps=10, validate_every=1, keep="last")
    seldom, _ = train(problem, tmp_path / "seldom.ckpt", steps=10, validate_every=10, keep="last")
    assert torch.equal(weights(often), weights(seldom))


# --- When it goes wrong ---


@pytest.mark.parametrize(("which", "rate"), [("training", 1e30), ("validation", 1e30)])
def test_a_loss_that_is_no_number_is_told_with_what_to_do(problem, tmp_path, which, rate):
    plan = OptimiserPlan("sgd", rate, decay="constant", warmup=0.0)
    every = 5 if which == "training" else 1
    with pytest.raises(UserError, match=f"the {which} loss became (nan|inf) before step {every}") as caught:
        train(problem, tmp_path / "run.ckpt", method="supervised", optimiser=plan, validate_every=every)
    assert "learning_rate" in caught.value.fix
    assert "gradient_clip" in caught.value.fix


def test_a_full_disk_stops_the_training_with_the_file(problem, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be written") as caught:
        train(problem, tmp_path / "file" / "run.ckpt", steps=5)
    assert caught.value.where == tmp_path / "file" / "run.ckpt"


def test_the_network_comes_back_in_evaluation_mode_and_logging_as_it_was(problem, tmp_path, recwarn):
    level = logging.getLogger("lightning.pytorch").level
    network, _ = train(problem, tmp_path / "run.ckpt", steps=5)
    assert not any(module.training for module in network.modules())
    assert logging.getLogger("lightning.pytorch").level == level
    assert len(recwarn) == 0


def test_validation_sees_the_network_itself(problem, tmp_path):
    networks = []

    def remember(network):
        networks.append(network)
        return Validation(0.5, 1.0, {})

    network, _ = train(problem, tmp_path / "run.ckpt", steps=10, validate=remember)
    assert all(seen is network for seen in networks)
    assert loss_on(problem)(network).loss > 0
