"""The study of DeepREG's simple models: on a small matrix, and its committed table against earlier numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cislearn.baselines.expression import Constant, RegulatorRidge
from cislearn.data.expression.groups import units
from cislearn.errors import UserError
from cislearn.evaluation.expression import CALLS
from cislearn.studies.deepreg import run_deepreg, scores
from cislearn.studies.deepreg.page import published_numbers, value, write_page
from cislearn.studies.deepreg.protocols import MODELS, PROTOCOLS
from cislearn.studies.deepreg.scores import SPLIT_ITSELF
from tests.docs.pages import ROOT
from tests.studies.yeast_files import write_yeast

RESULTS = ROOT / "docs" / "results"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """80 genes in 41 conditions of Gasch and one other: two factors, of which regulators know one each."""
    folder = write_yeast(tmp_path_factory.mktemp("files"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scores, "WORD", 2)
        page = run_deepreg(folder, folder / "work", folder / "results")
    return page, pd.read_csv(page.with_suffix(".tsv"), sep="\t")


def test_every_model_is_scored_under_its_splits_and_both_protocols(small):
    page, found = small
    for protocol in PROTOCOLS:
        for split, models in MODELS.items():
            for model in models:
                row = value(found, protocol, split, model.name, "MSE")
                assert row["low"] <= row["estimate"] <= row["high"]
            assert value(found, protocol, split, SPLIT_ITSELF, "gene seen")["estimate"] in (0, 1)
    text = page.read_text()
    assert "The networks are a study of their" in text and "| `both` | 0 % | 0 % | 0 % | 0 % |" in text


def test_absent_values_are_scored_only_as_published(small):
    _, found = small
    n = {protocol: value(found, protocol, "pair", "constant", "MSE")["n"] for protocol in PROTOCOLS}
    assert n["measured"] < n["published"] == 80 * 42


def test_a_matrix_of_two_factors_is_completed_and_a_new_gene_is_not(small):
    _, found = small
    errors = {
        (split, model): value(found, "measured", split, model, "MSE")["estimate"]
        for split, model in [("pair", "constant"), ("pair", "low rank")]
    }
    assert errors["pair", "low rank"] < 0.2 * errors["pair", "constant"]
    assert value(found, "measured", "series", "ridge of regulators", "R2")["estimate"] > 0.8
    assert value(found, "measured", "gene", "ridge of promoters", "R2")["estimate"] < 0.1


def test_calls_are_shares_of_all(small):
    _, found = small
    shares = [value(found, "measured", "pair", "low rank", f"{t} called {p}")["estimate"] for t in CALLS for p in CALLS]
    assert sum(shares) == pytest.approx(1, abs=1e-5)
    accuracy = value(found, "measured", "pair", "low rank", "accuracy")["estimate"]
    assert shares[0] + shares[4] + shares[8] == pytest.approx(accuracy, abs=1e-5)


def test_files_that_are_absent_are_named(tmp_path):
    with pytest.raises(UserError, match=r"gasch2000.tsv.gz: no such file"):
        run_deepreg(tmp_path, tmp_path / "work", tmp_path / "results")


def test_the_published_confusion_has_the_published_accuracy():
    numbers = published_numbers()
    shares = numbers[numbers["metric"].str.contains(" called ")].set_index("metric")["value"]
    assert len(shares) == 9 and shares.sum() == pytest.approx(1, abs=0.001)
    accuracy = numbers[(numbers["model"] == "DeepRAGE-C") & (numbers["metric"] == "accuracy")]["value"].item()
    assert sum(shares[f"{call} called {call}"] for call in CALLS) == pytest.approx(accuracy, abs=0.001)
    assert numbers[["source", "mark"]].notna().all(axis=None)


def test_the_committed_page_is_that_of_the_committed_table(tmp_path):
    committed = (RESULTS / "deepreg.md").read_text(encoding="utf-8")
    notes = [line[2:] for line in committed.split("\n") if line.startswith("- ")]
    page = write_page(tmp_path / "deepreg.md", pd.read_csv(RESULTS / "deepreg.tsv", sep="\t"), notes)
    assert page.read_text(encoding="utf-8") == committed


EARLIER = [
    ("pair", "constant", "MSE", 0.643, 0.003),
    ("pair", "condition mean", "MSE", 0.637, 0.003),
    ("pair", "gene mean", "MSE", 0.548, 0.003),
    ("pair", "additive", "MSE", 0.542, 0.003),
    ("pair", "low rank", "MSE", 0.159, 0.005),
    ("pair", "low rank", "Pearson", 0.868, 0.007),
    ("pair", "low rank", "accuracy", 0.811, 0.005),
    ("condition", "ridge of regulators", "MSE", 0.164, 0.004),
    ("condition", "ridge of regulators", "MSE of other genes", 0.170, 0.004),
    ("series", "ridge of regulators", "MSE", 0.235, 0.015),
    ("conditions in file order", "ridge of regulators", "validation MSE", 0.265, 0.001),
    ("conditions in file order", "ridge of regulators", "MSE", 0.158, 0.001),
    ("gene", "condition mean", "MSE", 0.635, 0.003),
    ("gene", "ridge of promoters", "MSE", 0.593, 0.01),
]
"""Computed before, apart from this code, on the same files with zeros for absent values; other random splits."""


@pytest.mark.parametrize(("split", "model", "metric", "expected", "within"), EARLIER)
def test_the_committed_numbers_agree_with_earlier_ones(split, model, metric, expected, within):
    found = pd.read_csv(RESULTS / "deepreg.tsv", sep="\t")
    assert value(found, "published", split, model, metric)["estimate"] == pytest.approx(expected, abs=within)


@pytest.mark.slow
def test_real_data_give_the_committed_numbers(shared_data, tmp_path, monkeypatch):
    """One split again, of which the original says nothing: without training on labels that were never measured."""
    split = "conditions in file order"
    monkeypatch.setattr(scores, "MODELS", {split: (Constant, RegulatorRidge)})
    from cislearn.data.expression import prepare_expression
    from cislearn.studies.deepreg.carry_out import FILES

    paths = {role: shared_data / "yeast" / name for role, name in FILES.items()}
    found = scores.score_everything(prepare_expression(tmp_path / "yeast", **paths))
    committed = pd.read_csv(RESULTS / "deepreg.tsv", sep="\t")
    for protocol in PROTOCOLS:
        for model in (Constant, RegulatorRidge):
            for metric in ("MSE", "Pearson", "accuracy"):
                place = (protocol, split, model.name, metric)
                expected = value(committed, *place)["estimate"]
                assert value(found, *place)["estimate"] == pytest.approx(expected, rel=1e-3, nan_ok=True)


def test_intervals_draw_what_was_held_out():
    from cislearn.data.expression.splits import Groups

    groups = Groups(np.array([0, 0, 1]), np.array([5, 5, 6, 6]))
    assert {split: len(np.unique(units(split, groups))) for split in MODELS} == {
        "pair": 2,
        "condition": 4,
        "series": 2,
        "gene": 2,
        "both": 2,
        "conditions in file order": 4,
        "genes in file order": 2,
    }
