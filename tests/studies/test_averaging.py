"""The study of periodic averaging: when a run has converged, its page, and its smoke size in three processes."""

from __future__ import annotations

import os
import subprocess
import sys

import pandas as pd
import pytest
from typer.testing import CliRunner

from cislearn.cli.main import app
from cislearn.errors import UserError
from cislearn.studies.averaging import MEGABYTES, STEPS, Averaging, averaging_page, steps_to_converge


@pytest.mark.parametrize(
    ("scores", "step"),
    [([0.5, 0.7, 0.796, 0.8, 0.79], 300), ([0.8, 0.7, 0.6, 0.5, 0.5], 100), ([0.5, 0.7, 0.79, 0.794, 0.8], 500)],
)
def test_a_run_has_converged_at_the_first_score_near_its_best(scores, step):
    assert steps_to_converge(pd.DataFrame({"step": range(100, 600, 100), "valid_score": scores})) == step


def test_the_page_goes_by_method_and_period_and_says_what_was_not_run():
    values = {"AUROC": 0.8, "AUPRC": 0.4, STEPS: 1500.0, MEGABYTES: 1234.5}
    scores = pd.DataFrame(
        [
            {"data": "simulated", "every": every, "method": method, "metric": metric, "estimate": value, "low": 0.7,
             "high": 0.9, "n_seeds": 3}
            for every in ("20", "1", "5") for method in ("ladder", "supervised") for metric, value in values.items()
        ]
    )  # fmt: skip
    progress = pd.DataFrame([{"data": "TF windows", "every": "50", "runs": 6, "done": 2, "core_hours_left": 1.5}])
    page = "\n".join(averaging_page(scores, progress))
    order = [tuple(line.split(" | ")[:2]) for line in page.splitlines() if " | 3 | " in line]
    assert order == [(f"| {method}", every) for method in ("supervised", "ladder") for every in ("1", "5", "20")]
    assert "| .800 (.700, .900) | .400 | 1,500 | 1,234.5 |" in page
    assert "| TF windows | 50 | not run: 4 of 6 (est. 1.50 core-h) |" in page


def test_trainings_in_several_processes_take_no_jobs(tmp_path):
    command = ["study", "averaging", "--jobs", "2", "--files", str(tmp_path), "--out", str(tmp_path)]
    with pytest.raises(UserError, match="--jobs: each training of averaging runs in 3 processes"):
        CliRunner().invoke(app, command, catch_exceptions=False)


@pytest.mark.slow
def test_the_smoke_size_runs_by_the_committed_command(tmp_path):
    """What is averaged every ten steps hands over less than what is averaged at each."""
    command = ["study", "averaging", "--size", "smoke", "--files", str(tmp_path), "--out", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "cislearn", *command], capture_output=True, text=True, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "results" / "smoke"
    rows = pd.read_csv(folder / "averaging.tsv", sep="\t")
    assert sorted(zip(rows["every"], rows["method"], strict=True)) == [
        (every, method) for every in (1, 10) for method in ("ladder", "supervised")
    ]
    scores = pd.read_csv(folder / "averaging.scores.tsv", sep="\t")
    handed = scores[scores["metric"] == MEGABYTES].set_index(["every", "method"])["estimate"]
    for method in ("supervised", "ladder"):
        assert 0 < handed[10, method] < handed[1, method]
    assert set(scores["metric"]) == {"AUROC", "AUPRC", STEPS, MEGABYTES}
    assert Averaging.title in (folder / "averaging.md").read_text()
