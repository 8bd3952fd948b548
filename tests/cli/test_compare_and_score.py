"""``cislearn compare`` and ``cislearn score`` as a user calls them: what is printed, written and refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from cislearn.cli.compare import _lines


def test_compare_prints_terms_and_differences_and_writes_all_metrics(cislearn, tiny_experiment, tmp_path):
    done = cislearn(
        "compare", f"{tiny_experiment}:source_only", tiny_experiment, f"{tiny_experiment}:target_labels",
        "--metric", "auprc", "--out", "table.tsv", "--curve", "labels.svg", COLUMNS="300",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for said in (
        "200 shared, lined up by row",
        "paired by seed: 0, 1; for a claim take five or more",
        "NOT ON EQUAL TERMS: labels seen: the sources' | the sources' | the target's (upper bound)",
        "AUPRC of GABPA in hep, 200 shared test loci",
        "target labels (upper bound)",
    ):
        assert said in done.stdout
    table = pd.read_csv(tmp_path / "table.tsv", sep="\t")
    assert {"AUROC", "AUPRC", "F1"} <= set(table["metric"])
    assert table["unequal_terms"].str.contains("labels seen").all()
    assert dict(zip(table["method"], table["label_share"], strict=True)) == {
        "source_only": 0, "adversarial": 0, "target_labels": 100,
    }  # fmt: skip
    assert (tmp_path / "labels.svg").read_text().count("<svg") == 1


def test_compare_says_where_all_is_alike(cislearn, tiny_experiment):
    done = cislearn("compare", f"{tiny_experiment}:source_only", tiny_experiment)
    assert "like for like: same data, split, labels, batches, steps and selection" in done.stdout


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "two runs or more are needed"),
        (["nowhere"], "nowhere: there is no such folder"),
        (["EXPERIMENT:source_only", "--metric", "AUPRG"], "'AUPRG' is not known"),
        (["EXPERIMENT:source_only", "--curve", "labels.svg"], "all runs saw the same share of the labels"),
        (["EXPERIMENT:source_only", "--curve", "labels.svg"], "--set data.labels.target=0.1"),
        (["EXPERIMENT:source_only", "--out", "x.csv"], "x.csv: extension '.csv' is not known"),
    ],
)
def test_compare_refuses(refused, tiny_experiment, more, said):
    assert said in refused(
        "compare", tiny_experiment, *(word.replace("EXPERIMENT", str(tiny_experiment)) for word in more)
    )


def test_a_curve_joins_no_runs_that_saw_other_labels_of_the_sources():
    rows = [
        ("ladder", 0, "10 % of the source labels"),
        ("ladder", 10, ""),
        ("supervised", 0, ""),
        ("supervised", 10, ""),
    ]
    shown = pd.DataFrame(rows, columns=["method", "label_share", "other_labels"])
    assert _lines(shown) == [
        "ladder, 10 % of the source labels", "ladder, all source labels", "supervised", "supervised",
    ]  # fmt: skip


@pytest.fixture
def predictions(tmp_path, rng):
    labels = (rng.random(120) < 0.4).astype(int)
    start = np.arange(120) // 2 * 1000
    table = pd.DataFrame({"chrom": "chr1", "start": start, "end": start + 101, "bound": labels})
    table["mine"] = 1 / (1 + np.exp(-labels - rng.normal(size=120)))
    table["theirs"] = rng.normal(size=120)
    table["calls"] = (table["mine"] > 0.6).astype(int)
    table["flat"] = 3.0
    table.astype({"bound": object}).assign(bound=[*labels[:-2], "", ""]).to_csv(
        tmp_path / "p.tsv", sep="\t", index=False
    )
    return table.iloc[:-2]


def test_score_prints_and_writes_numbers_of_any_tool(cislearn, predictions, tmp_path):
    words = [word for name in ("mine", "theirs", "calls", "flat") for word in ("--score", name)]
    done = cislearn("score", "p.tsv", "--label", "bound", *words, "--out", "scores.tsv", COLUMNS="300")
    assert done.returncode == 0, done.stderr
    for said in (
        "118 labelled rows",
        "59 clusters of overlapping windows, by chrom, start, end",
        "2 rows without a label are left out",
        "calls: the scores are only 0 and 1: calls, not scores",
        "flat: all scores are 3; they rank nothing",
        "oracle threshold",
        "minus mine, paired",
        "DeLong's p",
    ):
        assert said in done.stdout
    table = pd.read_csv(tmp_path / "scores.tsv", sep="\t")
    row = table[(table["score"] == "mine") & (table["metric"] == "AUROC")].iloc[0]
    assert row["estimate"] == pytest.approx(roc_auc_score(predictions["bound"], predictions["mine"]), abs=1e-5)
    assert set(table["baseline"].dropna()) == {"mine"}


def test_score_without_places_says_so(cislearn, predictions):
    done = cislearn("score", "p.tsv", "--label", "bound", "--score", "mine", "--locus", "none")
    assert "each row by itself, without coordinates" in done.stdout and "minus" not in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["p.tsv", "--label", "bond", "--score", "mine"], "p.tsv: has no column 'bond'; did you mean bound?"),
        (["p.tsv", "--label", "bound", "--score", "bound"], "'bound' is named twice"),
        (["p.tsv", "--label", "mine", "--score", "theirs"], "line 2: column 'mine' has"),
        (["absent.tsv", "--label", "bound", "--score", "mine"], "absent.tsv"),
        (["p.tsv", "--label", "bound", "--score", "mine", "--out", "x.csv"], "x.csv: extension '.csv' is not known"),
    ],
)
def test_score_refuses(refused, predictions, words, said):
    assert said in refused("score", *words)
