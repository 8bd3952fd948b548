"""The smoke size of the simulated benchmark: the same command as that of the committed results."""

from __future__ import annotations

import pandas as pd
import pytest
from typer.testing import CliRunner

from cislearn.cli.main import app


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


def test_a_study_of_real_data_asks_for_its_files(tmp_path):
    from cislearn.errors import UserError

    with pytest.raises(UserError, match="made of real data"):
        CliRunner().invoke(app, ["study", "negatives", "--out", str(tmp_path)], catch_exceptions=False)
