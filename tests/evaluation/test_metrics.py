"""Metrics against scikit-learn, with ties and weights, and what must not change them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from cislearn.evaluation import metrics

N = 300
RANKED = {"auroc": oracle.roc_auc_score, "auprc": oracle.average_precision_score}
CALLED = {"f1": oracle.f1_score, "mcc": oracle.matthews_corrcoef, "accuracy": oracle.accuracy_score}
REAL = {"mean_squared_error": oracle.mean_squared_error, "r2": oracle.r2_score}


@pytest.fixture
def labels(rng):
    return rng.integers(0, 2, N)


@pytest.fixture(params=["distinct", "ties", "all tied"])
def scores(request, rng, labels):
    scores = rng.normal(size=N) + labels
    return {"distinct": scores, "ties": scores.round(), "all tied": np.zeros(N)}[request.param]


@pytest.fixture(params=["none", "counts", "real"])
def weights(request, rng):
    return {"none": None, "counts": rng.poisson(1, N).astype(np.float32), "real": rng.exponential(size=N)}[
        request.param
    ]


@pytest.mark.parametrize("name", RANKED)
def test_ranking_equals_scikit_learn(name, labels, scores, weights):
    expected = RANKED[name](labels, scores, sample_weight=weights)
    assert getattr(metrics, name)(labels, scores, weights) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", CALLED)
def test_calls_equal_scikit_learn(name, labels, scores, weights):
    calls = scores > 0.5
    expected = CALLED[name](labels, calls, sample_weight=weights)
    assert getattr(metrics, name)(labels, calls, weights) == pytest.approx(expected, abs=1e-9)


def test_log_loss_and_accuracy_of_three_classes_equal_scikit_learn(rng, weights):
    labels, logits = rng.integers(0, 3, N), rng.normal(size=(N, 3)) * 3
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    expected = oracle.log_loss(labels, probabilities, sample_weight=weights)
    assert metrics.log_loss(labels, logits, weights) == pytest.approx(expected, abs=1e-9)
    calls = logits.argmax(1)
    expected = oracle.accuracy_score(labels, calls, sample_weight=weights)
    assert metrics.accuracy(labels, calls, weights) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", REAL)
def test_regression_equals_scikit_learn(name, rng, weights):
    labels = 100 + rng.normal(size=N)
    predicted = labels + rng.normal(size=N)
    expected = REAL[name](labels, predicted, sample_weight=weights)
    assert getattr(metrics, name)(labels, predicted, weights) == pytest.approx(expected, abs=1e-9)


def test_pearson_equals_numpy(rng, weights):
    labels = 1e4 + rng.normal(size=N)
    predicted = labels + rng.normal(size=N)
    covariance = np.cov(labels, predicted, aweights=weights)
    expected = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    assert metrics.pearson(labels, predicted, weights) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", [*RANKED, *CALLED, "pearson", *REAL])
def test_many_weights_at_once_equal_one_at_a_time(name, rng):
    """More weights than fit a block, so that the seams between blocks are tested too."""
    n, n_weights = 3000, 200
    labels = rng.integers(0, 2, n)
    scores = (rng.normal(size=n) > 0).astype(float) if name in CALLED else rng.normal(size=n).round(1)
    weights = rng.poisson(1, (n_weights, n)).astype(np.float32)
    together = getattr(metrics, f"{name}_many")(labels, scores, weights)
    one_by_one = [getattr(metrics, name)(labels, scores, row) for row in weights[::50]]
    np.testing.assert_allclose(together[::50], one_by_one, atol=1e-12)
    assert together.shape == (n_weights,)


@pytest.mark.parametrize("name", [*RANKED, "f1", "mcc"])
@pytest.mark.parametrize("labels", [np.zeros(5, int), np.ones(5, int), np.zeros(0, int)])
def test_one_class_or_no_row_is_nan(name, labels):
    assert np.isnan(getattr(metrics, name)(labels, (np.arange(len(labels)) % 2).astype(float)))


@pytest.mark.parametrize("name", [*RANKED, "f1", "mcc"])
def test_one_class_under_the_weights_is_nan(name):
    labels, scores, weights = np.array([0, 1, 1, 0]), np.array([0.0, 1, 1, 1]), np.array([0.0, 1, 2, 0])
    assert np.isnan(getattr(metrics, name)(labels, scores, weights))
    assert np.isnan(getattr(metrics, name)(labels, scores, np.array([1.0, 0, 0, 2])))


def test_constant_predictions_have_no_correlation_and_constant_labels_no_r2():
    """trap 21: NaN is told as NaN, not as 0."""
    values, constant = np.arange(5.0), np.full(5, 0.1)
    assert np.isnan(metrics.pearson(values, constant))
    assert np.isnan(metrics.pearson(constant, values))
    assert np.isnan(metrics.r2(constant, values))
    assert np.isnan(metrics.pearson(values, values, np.array([0, 0, 3.0, 0, 0])))


@pytest.mark.parametrize("name", [*RANKED, "mean_squared_error", "pearson"])
def test_nan_scores_are_refused(name):
    with pytest.raises(ValueError, match=r"1 of 3 (scores|values) are"):
        getattr(metrics, name)(np.array([0, 1, 1]), np.array([0.1, np.nan, 0.2]))


def test_absent_labels_and_negative_weights_are_refused():
    with pytest.raises(ValueError, match="0 or 1"):
        metrics.auroc(np.array([0, 1, -1]), np.arange(3.0))
    with pytest.raises(ValueError, match="0 or 1"):
        metrics.f1(np.array([0, 1, np.nan]), np.ones(3))
    with pytest.raises(ValueError, match="at least 0"):
        metrics.auprc(np.array([0, 1]), np.arange(2.0), np.array([1.0, -1.0]))


def test_best_threshold_has_the_best_f1_of_all(labels, scores):
    threshold = metrics.best_threshold(labels, scores)
    tried = [metrics.f1(labels, scores >= each) for each in np.append(scores, threshold)]
    assert tried[-1] == max(tried)
    assert threshold not in np.unique(scores)[1:]


@pytest.mark.parametrize(
    ("labels", "scores", "expected"),
    [
        ([0, 1, 1], [0.0, 1.0, 3.0], 0.5),
        ([1, 1, 0], [0.0, 1.0, -4.0], -2.0),
        ([1, 0, 1], [-1.0, 0.0, 1.0], -1.0),
        ([0, 1], [1.0, np.nextafter(1.0, 2)], np.nextafter(1.0, 2)),
        ([0, 1], [-np.inf, np.inf], np.inf),
    ],
)
def test_best_threshold_by_hand(labels, scores, expected):
    assert metrics.best_threshold(np.array(labels), np.array(scores)) == expected


def test_best_threshold_of_one_class_is_nan():
    assert np.isnan(metrics.best_threshold(np.ones(3), np.arange(3.0)))


ROWS = st.lists(st.tuples(st.booleans(), st.integers(-50, 50), st.integers(0, 3)), min_size=2, max_size=40)


@settings(max_examples=60)
@given(ROWS)
def test_ranking_depends_on_order_only_and_label_flip_mirrors_it(rows):
    labels, scores, weights = (np.array(column, float) for column in zip(*rows, strict=True))
    for metric in (metrics.auroc, metrics.auprc):
        value = metric(labels, scores, weights)
        assert metric(labels, np.exp(scores / 50) - 3, weights) == pytest.approx(value, abs=1e-12, nan_ok=True)
    area = metrics.auroc(labels, scores, weights)
    assert metrics.auroc(1 - labels, scores, weights) == pytest.approx(1 - area, abs=1e-12, nan_ok=True)
    assert metrics.auroc(1 - labels, -scores, weights) == pytest.approx(area, abs=1e-12, nan_ok=True)


@settings(max_examples=60)
@given(ROWS)
def test_a_weight_of_two_is_a_row_twice(rows):
    labels, scores, counts = (np.array(column) for column in zip(*rows, strict=True))
    twice = np.repeat(labels, counts), np.repeat(scores, counts)
    for metric in (metrics.auroc, metrics.auprc):
        assert metric(labels, scores, counts) == pytest.approx(metric(*twice), abs=1e-12, nan_ok=True)
    called = metrics.f1(labels, scores > 0, counts), metrics.mcc(labels, scores > 0, counts)
    expected = metrics.f1(twice[0], twice[1] > 0), metrics.mcc(twice[0], twice[1] > 0)
    assert called == pytest.approx(expected, abs=1e-12, nan_ok=True)
