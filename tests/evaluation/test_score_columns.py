from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    f1_score,
    precision_recall_curve,
    roc_auc_score,
)

from cislearn.evaluation.delong import delong, delong_difference
from cislearn.evaluation.score_columns import BEST_F1, CALLED_F1, DELONG, compare_columns, score_columns


@pytest.fixture
def columns(rng):
    labels = (rng.random(300) < 0.3).astype(float)
    scores = labels + rng.normal(size=300)
    return labels, {"logit": scores, "probability": 1 / (1 + np.exp(-scores)), "calls": (scores > 0.5).astype(float)}


def metric(table, score, name):
    return table[(table["score"] == score) & (table["metric"] == name)].iloc[0]


def test_numbers_are_scikit_learns(columns):
    labels, scores = columns
    table = score_columns(labels, scores, np.arange(300), n_resamples=50)
    assert metric(table, "logit", "AUROC")["estimate"] == pytest.approx(roc_auc_score(labels, scores["logit"]))
    assert metric(table, "logit", "AUPRC")["estimate"] == pytest.approx(
        average_precision_score(labels, scores["logit"])
    )
    precision, recall, _ = precision_recall_curve(labels, scores["logit"])
    best = np.max(2 * precision * recall / np.maximum(precision + recall, 1e-12))
    assert metric(table, "logit", BEST_F1)["estimate"] == pytest.approx(best)
    assert np.isnan(metric(table, "logit", BEST_F1)["low"])
    area = metric(table, "logit", DELONG)
    assert (area["estimate"], area["low"], area["high"]) == pytest.approx(
        tuple(delong(labels, scores["logit"])[i] for i in (0, 2, 3))
    )
    assert set(table["n"]) == {300} and set(table["n_positive"]) == {int(labels.sum())}


def test_calls_are_told_from_probabilities_and_scores(columns):
    labels, scores = columns
    table = score_columns(labels, scores, np.arange(300), n_resamples=50)
    auroc = metric(table, "calls", "AUROC")["estimate"]
    assert auroc == pytest.approx(balanced_accuracy_score(labels, scores["calls"]))
    assert metric(table, "calls", CALLED_F1)["estimate"] == pytest.approx(f1_score(labels, scores["calls"]))
    calibrated = table[table["metric"] == "calibration error"]
    assert list(calibrated["score"]) == ["probability"]


def test_rows_of_one_locus_are_drawn_together(columns):
    """Every row four times is no more evidence: the interval stays as wide, DeLong's is half as wide."""
    labels, scores = columns
    once = score_columns(labels, scores, np.arange(300), n_resamples=400)
    many = score_columns(
        np.repeat(labels, 4), {n: np.repeat(s, 4) for n, s in scores.items()}, np.repeat(np.arange(300), 4)
    )

    def width(table, name):
        row = metric(table, "logit", name)
        return row["high"] - row["low"]

    assert width(many, "AUROC") == pytest.approx(width(once, "AUROC"), rel=0.2)
    assert width(many, DELONG) == pytest.approx(width(once, DELONG) / 2, rel=0.1)


def test_columns_are_compared_with_the_first(columns):
    labels, scores = columns
    table = compare_columns(labels, scores, np.arange(300), n_resamples=50)
    same = table[(table["score"] == "probability") & table["metric"].isin(["AUROC", "AUPRC", DELONG])]
    assert (same[["difference", "low", "high"]].abs() < 1e-12).all().all()  # a monotone map ranks alike
    row = metric(table, "calls", DELONG)
    expected = delong_difference(labels, scores["calls"], scores["logit"])
    assert (row["difference"], row["p"]) == pytest.approx((expected.difference, expected.p))
    assert set(table["baseline"]) == {"logit"}
    assert table.loc[table["metric"] != DELONG, "p"].isna().all()
