"""``cislearn express`` and the matrix that ``cislearn predict`` makes of its run, as a user calls them."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from tests.data.examples import random_sequence
from tests.data.expression.files import write_expression, write_matrix

PREPARE = ["--expression", "matrix.tsv", "--promoters", "promoters.tsv", "--regulators", "names.txt", "--out", "data"]


@pytest.fixture
def run(cislearn, tmp_path):
    write_expression(tmp_path)
    assert cislearn("prepare", *PREPARE).returncode == 0
    done = cislearn("express", "data", "--split", "gene", "--epochs", "2", "--out", "run")
    assert done.returncode == 0, done.stderr
    assert "epoch 0 of 2" in done.stdout and "Pearson" in done.stdout
    return tmp_path


def test_a_run_predicts_new_promoters_under_new_conditions(run, cislearn):
    rng = np.random.default_rng(1)
    (run / "new.tsv").write_text("".join(f"{name}\t{random_sequence(rng, 60)}\n" for name in ("a", "g0")))
    write_matrix(run / "table.tsv", {"g0": [1.5, ""], "g3": [-1, 0.5], "other": [1, 1]}, ["dry", "wet"])
    done = cislearn("predict", "run", "--promoters", "new.tsv", "--conditions", "table.tsv", "--out", "out.tsv")
    assert done.returncode == 0, done.stderr
    assert "1 of 3 regulators are not in the table and stand at no change: g11" in done.stdout
    assert "1 values of regulators are absent" in done.stdout
    table = pd.read_csv(run / "out.tsv", sep="\t")
    assert list(table.columns) == ["gene", "dry", "wet"] and list(table["gene"]) == ["a", "g0"]
    assert np.isfinite(table[["dry", "wet"]]).all(axis=None)

    write_matrix(run / "table.tsv", {"g0": [-1.5, ""], "g3": [-1, 0.5]}, ["dry", "wet"])
    cislearn("predict", "run", "--promoters", "new.tsv", "--conditions", "table.tsv", "--out", "again.tsv")
    again = pd.read_csv(run / "again.tsv", sep="\t")
    assert again["dry"][1] == table["dry"][1] and again["dry"][0] != table["dry"][0], "g0 does not see itself"


def test_what_a_run_holds(run):
    card = json.loads((run / "run" / "two_towers.json").read_text())
    assert card["network"] == "factors" and card["extra"]["split"] == "gene" and card["regulators"][1:] == ["g0", "g3"]
    scores = pd.read_csv(run / "run" / "scores.tsv", sep="\t")
    assert {"MSE", "Spearman", "accuracy"} <= set(scores["metric"])
    pairs = pd.read_csv(run / "run" / "worst_pairs.tsv", sep="\t")
    assert ((pairs["observed"] - pairs["predicted"]).abs().diff().dropna() <= 1e-12).all()
    page = (run / "run" / "report.html").read_text()
    assert "than the" in page and "condition mean" in page and "The worst pairs" in page


def test_it_is_listed_and_inspected_as_what_it_is(run, cislearn, refused):
    told = cislearn("runs", ".", COLUMNS="300").stdout
    (line,) = [line for line in told.splitlines() if "factors" in line]
    assert "two towers" in line and "gene split, fold 0" in line and "other: run" not in told
    assert "is a run of `express`, which wrote its report when it ended" in refused("report", "run")
    assert "factors: " in (shown := cislearn("inspect", "run", COLUMNS="200").stdout)
    assert "promoters of 60 bp, 3 regulators; gene split, fold 0" in shown and "merge" in shown
    (run / "run" / "model.safetensors").unlink()
    assert "broken: run: model.safetensors: is missing, so this run is not complete" in cislearn("runs", ".").stdout


def test_what_does_not_go(run, refused):
    (run / "short.tsv").write_text("a\tACGT\n")
    write_matrix(run / "none.tsv", {"x": [1]}, ["dry"])
    (run / "fits.tsv").write_text(f"a\t{random_sequence(np.random.default_rng(0), 60)}\n")
    express = ["express", "data", "--split", "gene", "--out"]
    predict = ["predict", "run", "--out", "out.tsv"]
    for options, said in [
        ([*express, "b", "--network", "tensor_produkt"], "did you mean tensor_product?"),
        ([*express, "b", "--network", "tensor_product", "--split", "gen"], "did you mean gene?"),
        ([*express, "b", "--fold", "9"], "no fold 9 of 'gene', which has 5"),
        ([*express, "b", "--split", "series"], "11 clusters of genes and 3 conditions in 3 series"),
        ([*express, "run"], "exists already"),
        ([*express, "b", "--ablation", "no promoters"], "is not known"),
        ([*express, "b", "--network", "equivariant"], "promoters of 60 bp do not fit"),
        ([*predict], "give --input and --out, or --tile"),
        ([*predict, "--promoters", "fits.tsv"], "--promoters: needs the conditions"),
        ([*predict, "--promoters", "short.tsv", "--conditions", "none.tsv"], "promoters of 4 bp; the network was"),
        ([*predict, "--promoters", "fits.tsv", "--conditions", "none.tsv"], "holds none of the 3 regulators"),
        ([*predict, "--conditions", "none.tsv"], "--conditions: goes with --promoters"),
        ([*predict, "--promoters", "fits.tsv", "--strands"], "--strands: does not go with --promoters"),
    ]:
        assert said in refused(*options), options
    assert not (run / "b").exists() and not (run / "out.tsv").exists()
