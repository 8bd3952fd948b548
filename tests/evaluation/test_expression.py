"""Scores of log ratios: against scikit-learn and scipy, with intervals that are those of the house."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score, confusion_matrix, mean_squared_error, r2_score

from cislearn.evaluation.expression import calls, confusion, expression_scores
from cislearn.evaluation.intervals import estimate
from cislearn.evaluation.metrics import mean_squared_error_many, pearson_many, r2_many


@pytest.fixture
def pairs(rng):
    labels = rng.normal(size=500) + 3
    return labels, 0.6 * labels + rng.normal(size=500), rng.integers(0, 25, 500)


def test_scores_are_those_of_other_libraries(pairs):
    labels, predicted, units = pairs
    found = {name: each.value for name, each in expression_scores(labels, predicted, units).items()}
    assert found == pytest.approx(
        {
            "MSE": mean_squared_error(labels, predicted),
            "Pearson": stats.pearsonr(labels, predicted)[0],
            "Spearman": stats.spearmanr(labels, predicted)[0],
            "R2": r2_score(labels, predicted),
            "accuracy": accuracy_score(calls(labels), calls(predicted)),
        }
    )


@pytest.mark.parametrize(
    ("name", "metric"), [("MSE", mean_squared_error_many), ("Pearson", pearson_many), ("R2", r2_many)]
)
def test_intervals_are_those_of_resampled_rows(pairs, name, metric):
    labels, predicted, units = pairs
    found = expression_scores(labels, predicted, units, n_resamples=200)[name]
    slow = estimate(metric, labels, predicted[None], units, n_resamples=200)
    assert (found.low, found.high) == pytest.approx((slow.low, slow.high), rel=1e-5)


def test_thresholds_belong_to_the_changes():
    assert calls(np.array([-0.51, -0.5, -0.49, 0.49, 0.5, 3])).tolist() == [0, 0, 1, 1, 2, 2]


def test_confusion_is_that_of_sklearn(pairs):
    labels, predicted, _ = pairs
    expected = confusion_matrix(calls(labels - 3), calls(predicted), labels=[0, 1, 2], normalize="all")
    np.testing.assert_allclose(confusion(labels - 3, predicted), expected)


@pytest.mark.parametrize("level", [0.0, 0.1, 1e6])
def test_a_constant_has_no_correlation(pairs, level):
    """trap 21: NaN, not 0."""
    labels, _, units = pairs
    found = expression_scores(labels, np.full(500, level), units)
    assert np.isnan(found["Pearson"].value) and np.isnan(found["Spearman"].value)
    assert np.isfinite(found["MSE"].value)


def test_one_unit_has_no_interval(pairs):
    found = expression_scores(*pairs[:2], np.zeros(len(pairs[0]), dtype=np.int64))
    assert all(np.isnan([each.low, each.high]).all() and np.isfinite(each.value) for each in found.values())
