import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from cislearn.evaluation.metrics import best_threshold, f1, mcc
from cislearn.evaluation.thresholds import calling_threshold, fit_platt


def drawn(n, slope=1.5, offset=-0.7, seed=0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, n)
    return (rng.random(n) < expit(slope * logits + offset)).astype(float), logits


def test_platt_is_logistic_regression_on_the_logit():
    """With as many rows as here Platt's drawing together of the labels is below the tolerance."""
    labels, logits = drawn(50_000)
    found = fit_platt(labels, logits)
    oracle = LogisticRegression(C=1e9).fit(logits[:, None], labels)
    assert found == pytest.approx((oracle.coef_[0, 0], oracle.intercept_[0]), abs=2e-3)


def test_the_threshold_has_the_best_mcc_of_all_where_there_are_many_rows():
    labels, logits = drawn(40_000)
    found = calling_threshold(labels, logits)
    reached = mcc(labels, logits >= found)
    best = max(mcc(labels, logits >= t) for t in np.quantile(logits, np.linspace(0.01, 0.99, 99)))
    assert reached > best - 2e-3


def test_it_holds_on_new_rows_better_than_the_best_f1_seen():
    """A weak model: F1 is greatest where nearly all is called, and that is no call at all."""
    gains = []
    for seed in range(20):
        labels, logits = drawn(2_000, slope=0.25, offset=0, seed=seed)
        chosen, new = slice(0, 300), slice(300, None)
        ours, theirs = (rule(labels[chosen], logits[chosen]) for rule in (calling_threshold, best_threshold))
        gains.append(mcc(labels[new], logits[new] >= ours) - mcc(labels[new], logits[new] >= theirs))
    assert np.mean(gains) > 0.02


@pytest.mark.parametrize("factor", [1e-3, 1.0, 1e3])
def test_it_moves_with_the_scale_of_the_logits_and_not_with_rare_positives(factor):
    labels, logits = drawn(5_000, offset=-6)
    assert labels.mean() < 0.12
    found = calling_threshold(labels, factor * logits)
    assert found == pytest.approx(factor * calling_threshold(labels, logits), rel=0.02)
    assert f1(labels, factor * logits >= found) > 0.5


def test_where_the_order_is_wrong_as_many_are_called_as_are_positive():
    labels, logits = np.array([1, 1, 1, 0, 0, 0, 0, 0]), np.arange(8.0)
    assert (logits >= calling_threshold(labels, logits)).sum() == 3


def test_without_two_classes_or_a_number_there_is_none():
    logits = np.arange(6.0)
    assert np.isnan(calling_threshold(np.ones(6), logits))
    assert np.isnan(calling_threshold(np.array([1, np.nan, 1, 1, np.nan, 1]), logits))
    assert np.isnan(calling_threshold(np.array([0, 1, 0, 1, 0, 1]), np.full(6, np.inf)))


def test_perfect_logits_are_cut_between_the_classes():
    assert 2 < calling_threshold(np.array([0, 0, 0, 1, 1, 1]), np.array([0.0, 1, 2, 3, 4, 5])) <= 3
    assert calling_threshold(np.array([0, np.nan, 1]), np.array([-1.0, 9, 1])) == pytest.approx(0)
