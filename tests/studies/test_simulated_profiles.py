"""The study of simulated profiles: its smoke size, from windows to the page."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from cislearn.cli.main import app


@pytest.mark.slow
def test_every_training_is_scored_by_the_truth_and_a_control_can_be_flat(tmp_path):
    """Layers that read both strands say the same in either reading; the control joins where it is read."""
    command = ["study", "simulated-profiles", "--size", "smoke", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    folder = tmp_path / "results" / "smoke"
    scores = pd.read_table(folder / "simulated_profiles.scores.tsv")
    jsd = scores[scores["metric"] == "JSD to the truth"].set_index(["data", "training", "reading"])["estimate"]
    assert {training for _, training, _ in jsd.index} == {
        "forward", "augmented", "conjoined", "rcps", "no control", "control",
    }  # fmt: skip
    one, both = (jsd.xs(reading, level="reading") for reading in ("one strand", "both strands"))
    apart = (one - both).abs()["plain"]
    assert apart["rcps"] < 1e-4 < apart["forward"]
    readings = jsd["biased"]
    assert ("no control", "without the bias") not in readings.index
    assert readings["control", "without the bias"] != readings["control", "both strands"]
    has_none = (scores["reading"] == "mean profile") & scores["metric"].str.contains("Pearson")  # it is one number
    assert (np.isfinite(scores["estimate"]) == ~has_none).all() and has_none.sum() == 4
    assert (scores["low"] <= scores["high"])[~has_none].all()
    assert jsd["plain", "forward", "mean profile"] < 0.7
    page = (folder / "simulated_profiles.md").read_text()
    parts = ("## plain", "| mean profile |", "| rcps, both strands | 1 |", "## biased", "| control, without the bias")
    places = [page.index(part) for part in parts]
    assert places == sorted(places)
