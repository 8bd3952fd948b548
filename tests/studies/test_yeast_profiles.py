"""The study of transcript starts: its smoke size, from files to the page, and what it asks for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from cislearn.cli.main import app
from cislearn.errors import UserError


@pytest.mark.slow
def test_each_training_is_read_on_one_strand_and_on_both_and_stands_between_bounds(shared_data, tmp_path):
    """Layers that read both strands say the same in either reading; others do not."""
    command = ["study", "yeast-profiles", "--files", str(shared_data), "--size", "smoke", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    folder = tmp_path / "results" / "smoke"
    whole = pd.read_table(folder / "yeast_profiles.scores.tsv")
    scores = whole[whole["task"] == "wild type"]
    wide = scores[scores["metric"] == "JSD"].pivot_table(index="training", columns="reading", values="estimate")
    one, both = wide["one strand"], wide["both strands"]
    assert set(one.index) == {"forward", "augmented", "rcps", "augmented in 32 bits"}
    assert abs(one["rcps"] - both["rcps"]) < 1e-4 < abs(one["forward"] - both["forward"])
    assert both["forward"] != both["augmented"]
    bounds = scores[(scores["reading"] == "bound") & (scores["metric"] == "JSD")].set_index("method")["estimate"]
    assert bounds["upper: replicate"] < bounds["lower: mean profile"] < bounds["lower: shuffled"]
    ledger = pd.read_table(folder / "yeast_profiles.tsv")
    assert list(ledger["seed"]) == [0] * 8 and np.isfinite(ledger["seconds"]).all()
    across = whole[(whole["task"] == "wild type to diamide") & (whole["metric"] == "JSD")].set_index("method")
    itself = across.loc["other condition: wild type itself"]
    assert {"source_only", "adversarial", "moments", "target_labels"} < set(across.index)
    assert itself["estimate"] < across.loc["lower: mean profile", "estimate"]
    assert 5 < itself["n"] <= across.loc["source_only", "n"]
    assert across["difference"].notna().sum() == 3
    page = (folder / "yeast_profiles.md").read_text()
    assert page.index("## wild type to diamide") < page.index("wild type itself |") < page.index("Over `source_only`")
    assert page.index("| lower: mean profile |") < page.index("| rcps, both strands | 1 |") < page.index("| upper: rep")


def test_it_asks_for_its_files(tmp_path):
    with pytest.raises(UserError, match=r"sacCer3.fa.gz: is absent"):
        CliRunner().invoke(app, ["study", "yeast-profiles", "--files", str(tmp_path)], catch_exceptions=False)
