"""Criteria that need no target label: each against the slow formula of its paper, and the case that fools it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import entropy
from sklearn.metrics import log_loss

from cislearn.evaluation.choosing.agreement import agreement
from cislearn.evaluation.choosing.certainty import mean_entropy, mutual_information
from cislearn.evaluation.choosing.importance import deep_embedded_validation, density_ratio
from cislearn.evaluation.choosing.neighbourhood import soft_neighbourhood_density
from cislearn.evaluation.choosing.source_risk import log_losses, source_risk


def both(logits):
    return np.stack([1 - expit(logits), expit(logits)])


def test_source_risk_is_scikit_learns_log_loss(rng):
    labels, logits = rng.integers(0, 2, 200), 3 * rng.normal(size=200)
    assert source_risk(labels, logits) == pytest.approx(log_loss(labels, expit(logits)))
    assert source_risk(np.array([1]), np.array([-800.0])) == pytest.approx(800)


def test_absent_labels_are_refused():
    with pytest.raises(ValueError, match="leave rows without a label out"):
        source_risk(np.array([1, np.nan]), np.zeros(2))


def test_entropy_and_information_are_scipys(rng):
    logits = 3 * rng.normal(size=100)
    assert mean_entropy(logits) == pytest.approx(entropy(both(logits)).mean())
    expected = entropy(both(logits).mean(axis=1)) - entropy(both(logits)).mean()
    assert mutual_information(logits) == pytest.approx(expected)


def test_a_sure_model_of_one_answer_fools_entropy_and_not_information():
    collapsed, useful = np.full(100, 1000.0), np.where(np.arange(100) < 50, 4.0, -4.0)
    assert mean_entropy(collapsed) == 0
    assert mean_entropy(collapsed) < mean_entropy(useful)
    assert mutual_information(collapsed) < mutual_information(useful) < np.log(2)


def test_density_of_neighbours_row_by_row(rng):
    logits = rng.normal(size=12)
    rows = both(logits).T
    expected = []
    for i in range(12):
        others = [j for j in range(12) if j != i]
        cosine = [rows[i] @ rows[j] / np.linalg.norm(rows[i]) / np.linalg.norm(rows[j]) for j in others]
        share = np.exp(np.array(cosine) / 0.05)
        expected.append(entropy(share / share.sum()))
    assert soft_neighbourhood_density(logits) == pytest.approx(np.mean(expected))


def test_density_is_greatest_for_equal_predictions(rng):
    assert soft_neighbourhood_density(np.zeros(50)) == pytest.approx(np.log(49))
    assert soft_neighbourhood_density(rng.normal(size=50)) < np.log(49)


def test_the_control_variate_takes_out_what_the_weights_tell(rng):
    """Losses that are all the same have that risk, whatever the weights; a plain weighted mean does not know it."""
    weights = rng.gamma(0.5, 2, size=50)
    assert deep_embedded_validation(np.full(50, 0.7), weights) == pytest.approx(0.7)
    assert (weights * 0.7).mean() != pytest.approx(0.7, abs=0.01)
    losses = rng.random(50)
    assert deep_embedded_validation(losses, np.ones(50)) == pytest.approx(losses.mean())


def test_the_weighted_risk_is_that_of_the_target_with_less_spread(rng):
    """Source N(0, 1), target N(1, 1), loss x squared: risk 2 on the target, 1 on the source; w(x) = exp(x - 1/2)."""
    with_variate, plain = [], []
    for _ in range(200):
        x = rng.normal(size=500)
        weights = np.exp(x - 0.5)
        with_variate.append(deep_embedded_validation(x**2, weights))
        plain.append((weights * x**2).mean())
    assert np.mean(with_variate) == pytest.approx(2, abs=0.1)
    assert np.std(with_variate) < np.std(plain)


def test_the_ratio_of_two_gaussians_is_found(rng):
    """The log ratio of N(1, 1) to N(0, 1) is x - 1/2, however unequal the sizes."""
    features = np.concatenate([rng.normal(size=(6000, 1)), 1 + rng.normal(size=(1500, 1))])
    at = np.linspace(-2, 3, 11)[:, None]
    ratio = density_ratio(features, np.arange(7500) >= 6000, np.arange(7500), at)
    np.testing.assert_allclose(np.log(ratio), at[:, 0] - 0.5, atol=0.35)


def test_agreement_is_the_mean_over_pairs(rng):
    calls = rng.random((4, 30)) < 0.5
    expected = [np.mean([(calls[i] == calls[j]).mean() for j in range(4) if j != i]) for i in range(4)]
    np.testing.assert_allclose(agreement(calls), expected)
    assert (agreement(np.stack([calls[0], calls[0]])) == 1).all()


def test_log_losses_are_a_row_each(rng):
    assert log_losses(np.array([0, 1]), np.array([0.0, 0.0])) == pytest.approx([np.log(2)] * 2)
