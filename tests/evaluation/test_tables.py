"""The rows of summary.tsv and comparison.tsv."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as oracle

from cislearn.errors import UserError
from cislearn.evaluation import metrics
from cislearn.evaluation.handed_in import CALLS, are_calls
from cislearn.evaluation.ranking import RANKED
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
    assert list(table.index) == [*RANKED, "F1", "MCC"]
    assert (table.n == 300).all()
    assert (table.n_positive == labels.sum()).all()
    assert table.prevalence.iloc[0] == pytest.approx(labels.mean())
    called = [metrics.mcc(labels, each >= cut) for each, cut in zip(logits, thresholds, strict=True)]
    assert table.estimate["MCC"] == pytest.approx(np.mean(called))
    assert table.seeds_sd["MCC"] == pytest.approx(np.std(called, ddof=1))


@pytest.mark.parametrize("thresholds", [None, np.array([0.1, np.nan, 0.2])])
def test_no_f1_without_every_threshold(binary, thresholds):
    table = score_table("binary", *binary, np.arange(300), thresholds=thresholds, n_resamples=20)
    assert list(table.metric) == list(RANKED)


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
    assert list(table.metric) == list(RANKED)
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
    assert list(table.metric) == [*RANKED, "F1", "MCC"]


def test_logits_with_temperatures_have_f1_at_one_half_and_a_calibration_error(binary):
    labels, logits = binary
    temperatures = np.array([0.5, 1.0, 2.0])
    table = score_table("binary", labels, logits, np.arange(300), temperatures=temperatures, n_resamples=50)
    table = table.set_index("metric")
    assert list(table.index) == [*RANKED, "F1 at .5", "calibration error"]
    published = [oracle.f1_score(labels, 1 / (1 + np.exp(-each)) >= 0.5) for each in logits]
    assert table.estimate["F1 at .5"] == pytest.approx(np.mean(published))
    probability = [1 / (1 + np.exp(-each / t)) for each, t in zip(logits, temperatures, strict=True)]
    errors = [metrics.calibration_error(labels, each) for each in probability]
    assert table.estimate["calibration error"] == pytest.approx(np.mean(errors))
    assert (table.low <= table.estimate).all() and (table.estimate <= table.high).all()
    colder = comparison_table(
        "binary",
        labels,
        logits,
        logits,
        np.arange(300),
        temperatures=temperatures,
        baseline_temperatures=temperatures / 10,
        n_resamples=50,
    ).set_index("metric")
    assert colder.difference["calibration error"] < 0 == colder.difference["F1 at .5"]


def test_lift_and_its_interval_are_those_of_auprc_over_each_prevalence(binary):
    """Resamples differ in their share of positives, so the interval of lift is not that of AUPRC divided by one."""
    labels, logits = binary
    labels = labels * (np.arange(300) % 4 == 0)
    table = score_table("binary", labels, logits, np.arange(300), n_resamples=400).set_index("metric")
    assert table.estimate["lift"] == pytest.approx(table.estimate["AUPRC"] / labels.mean())
    by_one = (table.high["AUPRC"] - table.low["AUPRC"]) / labels.mean()
    assert table.high["lift"] - table.low["lift"] != pytest.approx(by_one, rel=0.01)


def test_nan_scores_are_refused_with_their_number_and_the_first_row(binary):
    """Rows are counted as handed in; a row without a label needs no score."""
    labels, logits = binary
    labels[:10], logits[:, 3] = np.nan, np.nan
    assert (score_table("binary", labels, logits, np.arange(300), n_resamples=5).n == 290).all()
    logits[1, [20, 40]] = np.nan
    with pytest.raises(UserError, match="2 of 300 scores are NaN, the first in row 20, counted from 0"):
        score_table("binary", labels, logits, np.arange(300), n_resamples=5)
    with pytest.raises(UserError, match="the first in row 20"):
        comparison_table("regression", labels, logits[:1], logits[1:2], np.arange(300), n_resamples=5)
    with pytest.raises(UserError, match="1 of 300"):
        classes = np.where(np.arange(300)[:, None] == 12, np.nan, np.ones((2, 300, 3)))
        score_table("multiclass", labels, classes, np.arange(300))


def test_calls_are_known_for_calls(rng):
    """Scores of 0 and 1 alone have had a threshold put on them: their AUROC is balanced accuracy."""
    labels = rng.integers(0, 2, 400)
    calls = (rng.normal(size=400) + labels > 0.7).astype(float)
    assert are_calls(calls) and are_calls(calls > 0) and are_calls(np.zeros(3, int)) and "calls, not scores" in CALLS
    assert not are_calls(calls * 0.9) and not are_calls(np.array([])) and not are_calls(np.array([0, 1, np.nan]))
    assert metrics.auroc(labels, calls) == pytest.approx(oracle.balanced_accuracy_score(labels, calls))
