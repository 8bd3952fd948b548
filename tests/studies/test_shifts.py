"""The shift suite: its trials, its table of gains, and its smoke size by the committed command."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from typer.testing import CliRunner

from cislearn.cli.main import app
from cislearn.reports.numbers import DASH, signed
from cislearn.studies.shifts import NETWORKS, Shifts, _gains
from cislearn.studies.simulated import EVALUATION


def scores_of(gains):
    """AUROC of source only .8 and of one method that is better by so much, a simulation each."""
    rows = []
    for simulation, gain in enumerate(gains):
        for method, value in (("source_only", 0.8), ("moments", 0.8 + gain)):
            rows.append(("mixed", "motif_cnn", str(simulation), method, "AUROC", value))
    return pd.DataFrame(rows, columns=["family", "network", "simulation", "method", "metric", "estimate"])


def test_gains_are_paired_with_the_interval_of_a_t_test_and_bold_where_clear_of_zero():
    gains = np.array([0.01, 0.03, 0.02])
    page = _gains(scores_of(gains))
    interval = stats.ttest_1samp(gains, 0).confidence_interval()
    clear = f"{signed(gains.mean())} ({signed(interval.low)}, {signed(interval.high)})"
    assert ("**" in page.split("| moments |")[1].split("|")[0]) == (interval.low > 0)
    assert clear in page and "| mixed (3) |" in page and "| source only | .800 |" in page
    assert "**" not in _gains(scores_of([-0.02, 0.03, 0.01])).split("| moments |")[1].split("\n")[0]
    assert "**" in _gains(scores_of([-0.02, -0.021, -0.022])).split("| moments |")[1].split("\n")[0]


def test_a_method_that_was_run_before_source_only_waits_for_it():
    scores = scores_of([0.01, 0.03])
    page = _gains(scores[scores["method"] == "moments"])
    assert f"| source only | {DASH} |" in page and f"| moments | {DASH} ({DASH}, {DASH}) |" in page


@pytest.mark.slow
def test_every_method_is_run_scored_and_held_against_source_only(tmp_path):
    done = CliRunner().invoke(
        app, ["study", "shifts", "--size", "smoke", "--out", str(tmp_path)], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    rows = pd.read_csv(tmp_path / "results" / "smoke" / "shifts.tsv", sep="\t")
    assert len(rows) == sum(len(methods) for _, methods in NETWORKS.values())
    assert set(rows["seed"]) == {EVALUATION[0]}
    page = (tmp_path / "results" / "smoke" / "shifts.md").read_text()
    for name in ("adversarial", "cdan", "moments", "mmd", "noisy student", "adabn"):
        assert f"| {name} |" in page
    assert "| Source risk | 1 |" in page and "not run" not in page
    assert Shifts.title in page
