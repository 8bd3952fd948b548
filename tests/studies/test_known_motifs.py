"""The study of known motifs: what counts as the factor's, where it stands, and its smoke size."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from cislearn.cli.main import app
from cislearn.data.dataset import read_dataset
from cislearn.data.leaks import find_leaks
from cislearn.experiment.reading import make_config
from cislearn.explain.found import Found
from cislearn.motifs.jaspar import jaspar_vertebrates
from cislearn.reports.numbers import DASH, interval
from cislearn.studies.known_motifs.families import FAMILIES, is_of_family
from cislearn.studies.known_motifs.page import PATTERNS, known_motifs_page
from cislearn.studies.known_motifs.scores import standing
from cislearn.studies.study import Trial

ANY_CONFIG = make_config({"data": {"path": "data"}})


def found(*rows):
    return Found([], pd.DataFrame(rows, columns=["name", "q", "by_chance"]), pd.DataFrame(), {})


def test_families_are_told_apart_and_both_halves_of_a_dimer_count():
    own = {"CTCF": "CTCF", "GABP": "GABPA", "USF2": "USF1", "JunD": "FOS::JUN"}
    for factor in FAMILIES:
        assert [is_of_family(factor, name) for name in own.values()] == [other == factor for other in own]
    assert is_of_family("GABP", "Erg") and not is_of_family("JunD", "BATF::IRF4")
    assert not is_of_family("JunD", "MAFG::NFE2L1") and not is_of_family("GABP", "ERF::FIGLA")


def test_every_name_of_a_family_is_a_motif_of_the_collection():
    """A misspelt name would never be found, and a factor would seem to be missed."""
    known = {half.upper() for motif in jaspar_vertebrates().values() for half in motif.name.split("::")}
    assert set().union(*FAMILIES.values()) <= known


def test_the_rank_is_of_the_first_motif_that_is_named_after_the_family():
    rows = [("SP1", 1e-4, 0.05), ("JUN", 0.5, 0.05), ("FOS", 1e-3, 0.2), ("Batf", 1e-3, 0.05), ("JUND", 1e-9, 0.05)]
    standing_of = standing(found(*rows), "JunD")
    assert standing_of["estimate"] == 4 and standing_of["n"] == 5 and not standing_of["is_own"]
    assert (standing_of["top"], standing_of["q"], standing_of["by_chance"]) == ("SP1", 1e-4, 0.05)
    assert standing(found(*rows[4:]), "JunD")["is_own"]
    assert np.isnan(standing(found(*rows), "CTCF")["estimate"])
    assert np.isnan(standing(found(), "CTCF")["estimate"]) and standing(found(), "CTCF")["n"] == 0


def test_the_page_says_what_was_not_found_and_what_was_not_run():
    trials = [Trial({"factor": factor}, ANY_CONFIG) for factor in ("CTCF", "GABP")]
    rows = [
        {"seed": "all", "metric": "AUROC", "estimate": 0.9, "low": 0.88, "high": 0.92, "n_seeds": 2, "n": 1200},
        {"seed": "0", "metric": "rank", **standing(found(("CTCF", 1e-9, 0.05)), "CTCF")},
        {"seed": "1", "metric": "rank", **standing(found(("SP1", 0.5, 1.0)), "CTCF")},
        {"seed": "all", "metric": PATTERNS, "n_seeds": 2, **standing(found(("CTCF", 1e-7, 0.05)), "CTCF")},
    ]
    scores = pd.DataFrame(rows).assign(factor="CTCF", method="supervised")
    progress = pd.DataFrame({"factor": ["CTCF", "GABP"], "runs": 3, "done": [2, 0], "core_hours_left": [0.1, 0.2]})
    page = "\n".join(known_motifs_page(trials, scores, progress))
    assert f"| CTCF | 1,200 | 2 | .900 ({interval(0.88, 0.92)}) |" in page
    assert "| CTCF | 0 | CTCF | 1e-09 | .050 | yes | 1 | 1 |" in page
    assert f"| CTCF | 1 | SP1 | 0.5 | 1.000 | no | {DASH} | 1 |" in page
    assert "| CTCF | 2 | CTCF | 1e-07 | .050 | yes | 1 | 1 |" in page and "Of 1 of 1 sets" in page
    assert "In 1 of 2 networks" in page and "not run: 4 of 6 (est. 0.30 core-h)" in page


@pytest.mark.slow
def test_the_smoke_size_runs_by_the_committed_command_and_no_window_of_the_test_was_learned(shared_data, tmp_path):
    """trap 19: near duplicates of test windows are in no other part."""
    pytest.importorskip("memelite")
    pytest.importorskip("modiscolite")
    command = ["study", "known-motifs", "--files", str(shared_data), "--size", "smoke", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    folder = tmp_path / "results" / "smoke"
    scores = pd.read_table(folder / "known_motifs.scores.tsv", dtype={"seed": str}).set_index("metric")
    assert list(scores["seed"]) == ["all", "0", "all"] and set(scores.index) == {"AUROC", "rank", PATTERNS}
    assert scores.loc["rank", "n"] > 0 and pd.notna(scores.loc["rank", "top"])
    assert "| USF2 | 0 |" in (folder / "known_motifs.md").read_text()
    dataset = read_dataset(tmp_path / "data" / "USF2-500")
    parts = dataset.loci["part"].map({"train": 0, "valid": 1, "test": 2}).to_numpy()
    assert not find_leaks(dataset, parts.astype(np.int8)).leaky.any()
