"""Trials side by side: the same ledger as one after the other, and no trial lost for another's sake."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from cislearn.errors import UserError
from cislearn.experiment.reporter import Reporter
from cislearn.studies.carry_out import Results, carry_out
from cislearn.studies.jobs import carry_out_side_by_side
from tests.studies.test_carry_out import Small


class Killed(Small):
    """Its process dies while a trial is scored, as at the hands of a system that is out of memory."""

    def scores(self, trial, experiment):
        if trial.keys["protocol"] == "oracle":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().scores(trial, experiment)


@pytest.fixture
def study(tiny_data):
    Small.data = tiny_data
    return Small()


def ledger(results: Results):
    return (
        results.runs.read().drop(columns="seconds").sort_values(["protocol", "method", "seed"]).reset_index(drop=True)
    )


def one_seed(trials):
    training = trials[0].config.training.model_copy(update={"seeds": [3]})
    return [replace(t, config=t.config.model_copy(update={"training": training})) for t in trials]


def test_the_ledger_is_that_of_one_after_the_other(study, tmp_path):
    found = {}
    for name in ("one", "two"):
        trials = one_seed(study.trials("desk", Path(), tmp_path / name))
        found[name] = Results.of(study, tmp_path / name / "results")
        if name == "one":
            carry_out(study, trials, found[name], Reporter())
        else:
            carry_out_side_by_side(study, trials, found[name], Reporter(), jobs=2)
    columns = [name for name in ledger(found["one"]) if name != "threads"]
    assert ledger(found["one"])[columns].equals(ledger(found["two"])[columns])
    assert len(ledger(found["two"])) == 4


@pytest.mark.slow
def test_a_trial_that_fails_or_is_killed_is_told_and_the_other_goes_on_later(study, tmp_path):
    trials = one_seed(study.trials("desk", Path(), tmp_path / "runs"))
    broken = trials[1].config.model_copy(update={"data": trials[1].config.data.model_copy(update={"target": "hepp"})})
    results, calls = Results.of(study, tmp_path / "results"), []
    with pytest.raises(UserError, match="did you mean hep"):
        pair = [trials[0], replace(trials[1], config=broken)]
        carry_out_side_by_side(study, pair, results, Reporter(), lambda: calls.append(1), jobs=2)
    assert set(results.runs.read()["protocol"]) == {"last"} and len(calls) == 2
    with pytest.raises(UserError, match="a process was killed"):
        carry_out_side_by_side(Killed(), trials, results, Reporter(), jobs=2)
    assert set(results.runs.read()["protocol"]) == {"last"}  # what was not scored does not stand in the ledger
    carry_out(study, trials, results, Reporter())
    assert sorted(results.runs.read()["protocol"]) == ["last"] * 2 + ["oracle"] * 2
