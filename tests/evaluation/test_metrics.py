"""Metrics against scikit-learn, with ties and weights, and what must not change them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as oracle

from cislearn.evaluation import metrics, weighting
from cislearn.evaluation.calls import f1_and_mcc_many
from cislearn.evaluation.ranking import FDRS, ranking_many
from cislearn.evaluation.ranking import RANKED as RANKING

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


@pytest.mark.parametrize("digits", [0, 1, 6])
@pytest.mark.parametrize("share", [0.01, 0.3, 0.9])
def test_counts_as_bootstraps_draw_them_give_what_scikit_learn_gives(rng, digits, share):
    """Few positives and many, negatives tied with them or not, rows that are drawn never and often."""
    labels = rng.random(2000) < share
    scores = (rng.normal(size=2000) + labels).round(digits)
    counts = rng.poisson(1, (20, 2000)).astype(np.uint8)
    found = ranking_many(labels, scores, counts)
    for name, column in (("auroc", 0), ("auprc", 1)):
        expected = [RANKED[name](labels, scores, sample_weight=each) for each in counts]
        np.testing.assert_allclose(found[:, column], expected, atol=1e-12)
    np.testing.assert_array_equal(found, ranking_many(labels, scores, counts.astype(np.float64)))


def test_counts_whose_sums_are_too_large_for_single_precision_are_summed_in_double():
    """In single precision 2**24 + 1 is 2**24, so an odd sum above that tells whether anything was lost."""
    counts = np.full((1, 3), 2**23 + 1, np.uint32)
    assert weighting.weighted_sums(counts, np.ones((3, 1), bool)) == 3 * (2**23 + 1)


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


@pytest.mark.parametrize("digits", [1, 9])
def test_spearman_equals_scipy_on_repeated_rows(rng, digits):
    """Ties, and weights as a bootstrap draws them, 0 among them."""
    labels = rng.normal(size=N).round(digits)
    predicted = (labels + rng.normal(size=N)).round(digits)
    assert metrics.spearman(labels, predicted) == pytest.approx(stats.spearmanr(labels, predicted).statistic)
    counts = rng.poisson(1, N)
    expected = stats.spearmanr(np.repeat(labels, counts), np.repeat(predicted, counts)).statistic
    assert metrics.spearman(labels, predicted, counts) == pytest.approx(expected, abs=1e-12)
    assert metrics.spearman(labels, np.exp(predicted), counts) == pytest.approx(expected, abs=1e-12)


def slow_recall(labels, scores, weights, fdr):
    """Every threshold by itself: the greatest recall among those with few enough false calls."""
    best = 0.0
    for threshold in np.unique(scores):
        called = weights * (scores >= threshold)
        if called.sum() > 0 and (called * (1 - labels)).sum() <= fdr * called.sum() + 1e-9:
            best = max(best, (called * labels).sum() / (weights * labels).sum())
    return best


@pytest.mark.parametrize("fdr", [0.05, 0.1, 0.3])
def test_recall_at_fdr_equals_trying_every_threshold(labels, scores, weights, fdr):
    expected = slow_recall(labels, scores, np.ones(N) if weights is None else weights, fdr)
    assert metrics.recall_at_fdr(labels, scores, fdr, weights) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("fdr", [0.05, 0.1])
def test_recall_at_fdr_is_a_point_of_scikit_learns_curve(rng, fdr):
    labels = rng.integers(0, 2, N)
    scores = (rng.normal(size=N) + 2 * labels).round(1)
    precision, recall, _ = oracle.precision_recall_curve(labels, scores)
    assert metrics.recall_at_fdr(labels, scores, fdr) == recall[:-1][precision[:-1] >= 1 - fdr].max()


def test_recall_at_fdr_by_hand():
    """19 right and 1 false is 5 % exactly; a tie of a positive and a negative is called whole or not at all."""
    labels = np.r_[np.ones(19), 0, 1, 0]
    assert metrics.recall_at_fdr(labels, np.arange(22.0)[::-1], 0.05) == 19 / 20 + 1 / 20
    assert metrics.recall_at_fdr(labels, np.r_[np.full(20, 2.0), 1, 0], 0.05) == 1
    assert metrics.recall_at_fdr(labels, np.r_[np.full(20, 2.0), 1, 0], 0.04) == 0
    assert metrics.recall_at_fdr(np.array([0, 1]), np.array([1.0, 0.0]), 0.1) == 0


def test_lift_is_auprc_over_the_share_of_positives(labels, scores, weights):
    prevalence = np.average(labels, weights=weights)
    assert metrics.lift(labels, scores, weights) == pytest.approx(metrics.auprc(labels, scores, weights) / prevalence)
    assert metrics.lift(labels, np.zeros(N), weights) == pytest.approx(1)
    assert metrics.lift(labels, labels.astype(float), weights) == pytest.approx(1 / prevalence)


@pytest.mark.parametrize("name", [*RANKED, "lift", *CALLED, "pearson", "spearman", *REAL])
def test_many_weights_at_once_equal_one_at_a_time(name, rng, monkeypatch):
    """More weights than fit a block, so that the seams between blocks are tested too."""
    n, n_weights = 3000, 200
    monkeypatch.setattr(weighting, "BLOCK", 70 * n)
    labels = rng.integers(0, 2, n)
    scores = (rng.normal(size=n) > 0).astype(float) if name in CALLED else rng.normal(size=n).round(1)
    weights = rng.poisson(1, (n_weights, n)).astype(np.uint8)
    together = getattr(metrics, f"{name}_many")(labels, scores, weights)
    one_by_one = [getattr(metrics, name)(labels, scores, row) for row in weights[::50]]
    np.testing.assert_allclose(together[::50], one_by_one, atol=1e-12)
    assert together.shape == (n_weights,)


def test_metrics_that_share_their_sums_equal_those_on_their_own(rng, labels, scores):
    weights = rng.poisson(1, (50, N)).astype(np.float32)
    together = ranking_many(labels, scores, weights)
    alone = [each(labels, scores, weights) for each in (metrics.auroc_many, metrics.auprc_many, metrics.lift_many)]
    alone += [metrics.recall_at_fdr_many(labels, scores, weights, fdr) for fdr in FDRS]
    np.testing.assert_array_equal(together, np.column_stack(alone))
    assert len(RANKING) == together.shape[1]
    calls = scores > 0.5
    alone = [each(labels, calls, weights) for each in (metrics.f1_many, metrics.mcc_many)]
    np.testing.assert_array_equal(f1_and_mcc_many(labels, calls, weights), np.column_stack(alone))
    assert np.isnan(ranking_many(np.ones(N), scores, weights)).all()
    assert ranking_many(labels, scores, weights[:0]).shape == (0, 5)


@pytest.mark.parametrize("name", [*RANKED, "lift", "f1", "mcc"])
@pytest.mark.parametrize("labels", [np.zeros(5, int), np.ones(5, int), np.zeros(0, int)])
def test_one_class_or_no_row_is_nan(name, labels):
    assert np.isnan(getattr(metrics, name)(labels, (np.arange(len(labels)) % 2).astype(float)))


@pytest.mark.parametrize("name", [*RANKED, "lift", "f1", "mcc"])
def test_one_class_under_the_weights_is_nan(name):
    labels, scores, weights = np.array([0, 1, 1, 0]), np.array([0.0, 1, 1, 1]), np.array([0.0, 1, 2, 0])
    assert np.isnan(getattr(metrics, name)(labels, scores, weights))
    assert np.isnan(getattr(metrics, name)(labels, scores, np.array([1.0, 0, 0, 2])))


def test_constant_predictions_have_no_correlation_and_constant_labels_no_r2():
    """trap 21: NaN is told as NaN, not as 0."""
    values, constant = np.arange(5.0), np.full(5, 0.1)
    for correlation in (metrics.pearson, metrics.spearman):
        assert np.isnan(correlation(values, constant))
        assert np.isnan(correlation(constant, values))
        assert np.isnan(correlation(values, values, np.array([0, 0, 3.0, 0, 0])))
        assert np.isnan(correlation(values[:0], values[:0]))
    assert np.isnan(metrics.r2(constant, values))


@pytest.mark.parametrize("name", [*RANKED, "mean_squared_error", "pearson", "spearman"])
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
