"""The smoke size of the simulated benchmark: the same command as that of the committed results."""

from __future__ import annotations

import pandas as pd
import pytest
from typer.testing import CliRunner

from cislearn.cli.main import app
from cislearn.reports.numbers import DASH
from cislearn.studies.replicated import _methods


@pytest.mark.slow
def test_a_simulation_is_run_scored_and_shown(tmp_path):
    command = ["study", "simulated", "--size", "smoke", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    folder = tmp_path / "results" / "smoke"
    rows = pd.read_csv(folder / "simulated.tsv", sep="\t")
    assert rows["method"].tolist() == ["source_only", "adversarial"] and set(rows["seed"]) == {100}
    page = (folder / "simulated.md").read_text()
    assert "## family: mixed" in page and "| adversarial | 1 |" in page and "best two motifs" in page


def test_a_method_that_was_run_before_the_first_one_is_shown_alone():
    """The order of ``--only method=`` is the user's: the page must not stop the study from going on."""
    rows = [("0", "adversarial", "AUROC", 0.8), ("0", "gc_content", "AUROC", 0.6), ("0", "adversarial", "AUPRC", 0.7)]
    scores = pd.DataFrame(rows, columns=["simulation", "method", "metric", "estimate"])
    page = _methods(scores, "simulation", ["source_only", "adversarial"])
    assert f"| adversarial | 1 | .800 ± {DASH} | .700 | {DASH} ({DASH}, {DASH}) | +.200 ({DASH}, {DASH}) |" in page
    assert "| source only |" not in page and "over source only" in page


def test_a_study_of_real_data_asks_for_its_files(tmp_path):
    from cislearn.errors import UserError

    with pytest.raises(UserError, match="made of real data"):
        CliRunner().invoke(app, ["study", "negatives", "--out", str(tmp_path)], catch_exceptions=False)
