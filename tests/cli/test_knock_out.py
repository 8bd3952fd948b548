"""``cislearn knock-out`` as a user calls it, on a run of `express`."""

from __future__ import annotations

import pandas as pd

from tests.experiment.expression_runs import write_data, write_run


def test_a_table_of_changes_and_a_refusal(tmp_path, cislearn, refused):
    write_run(write_data(tmp_path), tmp_path / "run")
    options = ["--regulator", "g3", "--motif", "CAR", "--level", "-5", "--out", "change.tsv"]
    done = cislearn("knock-out", "run", "data", *options)
    assert done.returncode == 0, done.stderr
    assert "CAR: " in done.stdout and "-> change.tsv" in done.stdout
    table = pd.read_csv(tmp_path / "change.tsv", sep="\t")
    assert table["level"].dropna().unique().tolist() == [-5.0] and len(table) == 3 * 11
    assert "did you mean g3" in refused("knock-out", "run", "data", "--regulator", "g33", "--out", "none.tsv")
    assert not (tmp_path / "none.tsv").exists()
