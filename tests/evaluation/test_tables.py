"""The rows of summary.tsv and comparison.tsv."""

from __future__ import annotations

import numpy as np
import pytest

from cislearn.evaluation import metrics
from cislearn.evaluation.tables import comparison_table, score_table


@pytest.fixture
def binary(rng):
    labels = rng.integers(0, 2, 300).astype(np.float32)
    return labels, rng.normal(size=(3, 300)) + labels


def test_binary_table_leaves_absent_labels_out(binary, rng):
    labels, logits = binary
    with_absent = np.concatenate([labels, np.full(50, np.nan, np.float32)])
    padded = np.concatenate([logits, rng.normal(size=(3, 50))], axis=1)
    thresholds = np.array([0.4, 0.5, 0.6])
    table = score_table("binary", with_absent, padded, np.arange(350), thresholds=thresholds, n_resamples=50)
    table = table.set_index("metric")
    assert list(table.index) == ["AUROC", "AUPRC", "F1", "MCC"]
    assert (table.n == 300).all()
    assert (table.n_positive == labels.sum()).all()
    assert table.prevalence.iloc[0] == pytest.approx(labels.mean())
    called = [metrics.mcc(labels, each >= cut) for each, cut in zip(logits, thresholds, strict=True)]
    assert table.estimate["MCC"] == pytest.approx(np.mean(called))
    assert table.seeds_sd["MCC"] == pytest.approx(np.std(called, ddof=1))


@pytest.mark.parametrize("thresholds", [None, np.array([0.1, np.nan, 0.2])])
def test_no_f1_without_every_threshold(binary, thresholds):
    table = score_table("binary", *binary, np.arange(300), thresholds=thresholds, n_resamples=20)
    assert list(table.metric) == ["AUROC", "AUPRC"]


def test_other_kinds(rng):
    classes = rng.integers(0, 4, 200).astype(float)
    table = score_table("multiclass", classes, rng.normal(size=(2, 200, 4)), np.arange(200), n_resamples=20)
    assert list(table.metric) == ["accuracy", "log loss"]
    assert table.n_positive.isna().all()
    values = rng.normal(size=200)
    table = score_table("regression", values, values + rng.normal(size=(2, 200)), np.arange(200), n_resamples=20)
    assert list(table.metric) == ["Pearson", "R2", "MSE"]
    assert table.prevalence.isna().all()


def test_comparison_is_paired_and_skips_what_one_side_lacks(binary):
    labels, logits = binary
    better = logits + 0.3 * labels
    table = comparison_table(
        "binary", labels, better, logits, np.arange(300), thresholds=np.full(3, 0.5), n_resamples=100
    )
    assert list(table.metric) == ["AUROC", "AUPRC"]
    assert (table.low > 0).all()
    assert (table.n == 300).all()
    table = comparison_table(
        "binary",
        labels,
        logits,
        logits,
        np.arange(300),
        thresholds=np.full(3, 0.5),
        baseline_thresholds=np.full(3, 0.5),
        n_resamples=20,
    )
    assert (table[["difference", "low", "high"]] == 0).all(axis=None)
    assert len(table) == 4
