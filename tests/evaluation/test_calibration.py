"""Temperatures against a grid and an identity, bins against scikit-learn, and an error that is 0 where nothing errs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, log_softmax
from scipy.stats import binomtest
from sklearn import metrics as oracle
from sklearn.calibration import calibration_curve

from cislearn.evaluation.calibration import (
    BINS,
    COLDEST,
    HOTTEST,
    calibration_error,
    calibration_error_many,
    fit_temperature,
    probabilities,
    reliability,
)
from cislearn.evaluation.intervals import estimate


def draw(rng, n, temperature=1.0):
    """Logits, and labels drawn with the probabilities that these have at a temperature."""
    logits = 2 * rng.normal(size=n) - 0.5
    return (rng.random(n) < expit(logits / temperature)).astype(int), logits


def binary_loss(labels, logits):
    return np.mean(np.logaddexp(0, logits) - labels * logits)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_temperature_is_that_of_a_grid_and_of_the_truth(rng, temperature):
    labels, logits = draw(rng, 8000, temperature)
    found = fit_temperature(labels, logits)
    grid = np.geomspace(found / 2, found * 2, 801)
    losses = [binary_loss(labels, logits / each) for each in grid]
    assert found == pytest.approx(grid[np.argmin(losses)], rel=2e-3)
    assert binary_loss(labels, logits / found) <= min(losses) + 1e-12
    assert found == pytest.approx(temperature, rel=0.1)


def test_temperature_of_classes_is_that_of_a_grid(rng):
    labels = rng.integers(0, 4, 3000)
    logits = 4 * rng.normal(size=(3000, 4)) + 3 * np.eye(4)[labels]
    found = fit_temperature(labels, logits)
    grid = np.geomspace(found / 2, found * 2, 801)
    losses = [-log_softmax(logits / each, axis=1)[np.arange(3000), labels].mean() for each in grid]
    assert found == pytest.approx(grid[np.argmin(losses)], rel=2e-3)
    two = np.column_stack([np.zeros(3000), logits[:, 0]])
    assert fit_temperature(labels == 0, two) == pytest.approx(fit_temperature(labels == 0, logits[:, 0]))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.floats(0.2, 5))
def test_logits_times_c_have_c_times_the_temperature(seed, factor):
    """And shares, ranks and what adding to all classes leaves alone stay as they are."""
    rng = np.random.default_rng(seed)
    labels, logits = draw(rng, 300, 1.5)
    once, scaled = fit_temperature(labels, logits), fit_temperature(labels, factor * logits)
    assert scaled == pytest.approx(factor * once, rel=1e-5)
    np.testing.assert_allclose(probabilities(factor * logits, scaled), probabilities(logits, once), atol=1e-6)
    classes = rng.normal(size=(300, 3))
    moved = classes + rng.normal(size=(300, 1))
    wanted = rng.integers(0, 3, 300)
    assert fit_temperature(wanted, moved) == pytest.approx(fit_temperature(wanted, classes), rel=1e-6)


def test_ends_and_nothing_to_fit():
    labels, logits = np.array([0, 0, 1, 1]), np.array([-2.0, -1, 1, 2])
    assert fit_temperature(labels, logits) == COLDEST
    assert fit_temperature(1 - labels, logits) == HOTTEST
    assert fit_temperature(np.ones(4), logits) == 1
    assert fit_temperature(np.full(4, np.nan), logits) == 1
    assert fit_temperature(np.array([]), np.array([])) == 1
    assert fit_temperature(labels, np.array([-np.inf, 0, 1, 2])) == 1


def test_absent_labels_are_left_out(rng):
    labels, logits = draw(rng, 500, 2.0)
    absent = np.concatenate([labels, np.full(300, np.nan)])
    assert fit_temperature(absent, np.concatenate([logits, 9 * rng.normal(size=300)])) == pytest.approx(
        fit_temperature(labels, logits)
    )


@pytest.mark.parametrize("n_bins", [1, 5, 15])
def test_bins_are_scikit_learns_and_intervals_wilsons(rng, n_bins):
    labels, logits = draw(rng, 1002)
    probability = expit(logits)
    table = reliability(labels, probability, n_bins)
    observed, predicted = calibration_curve(labels, probability, n_bins=n_bins, strategy="quantile")
    np.testing.assert_allclose(table["observed"], observed)
    np.testing.assert_allclose(table["predicted"], predicted)
    assert table["n"].sum() == 1002 and table["n"].max() - table["n"].min() <= 1
    for row in table.to_dict("records"):
        exact = binomtest(round(row["observed"] * row["n"]), row["n"]).proportion_ci(method="wilson")
        assert (row["low"], row["high"]) == pytest.approx((exact.low, exact.high))


def test_equal_probabilities_share_a_bin():
    probability = np.repeat([0.1, 0.5, 0.9], [50, 3, 47])
    table = reliability(np.arange(100) % 2, probability)
    np.testing.assert_allclose(table["predicted"], [0.1, 0.5, 0.9])
    assert list(table["n"]) == [50, 3, 47]
    assert len(reliability(np.zeros(0, int), np.zeros(0))) == 0


def by_definition(labels, probability):
    """Bin by bin: the squared mean residual less the variance of that mean; a bin of one row tells nothing."""
    order, total = np.argsort(probability, kind="stable"), 0.0
    edges = np.quantile(probability, np.linspace(0, 1, BINS + 1)[1:-1])
    for rows in np.split(order, np.searchsorted(probability[order], edges, side="right")):
        if len(rows) > 1:
            residual = (labels - probability)[rows]
            total += len(rows) * (residual.mean() ** 2 - residual.var(ddof=1) / len(rows))
    return np.sqrt(max(total / len(labels), 0))


@pytest.mark.parametrize("places", [1, 2, 9])
@pytest.mark.parametrize("n", [12, 100, 3000])
def test_the_error_equals_its_definition(rng, n, places):
    labels, logits = draw(rng, n, temperature=3.0)
    probability = expit(logits).round(places)
    assert calibration_error(labels, probability) == pytest.approx(by_definition(labels, probability), abs=1e-12)


def plain_error(labels, probability):
    """Root mean square over bins, chance included: what the error is before its variance is taken off."""
    table = reliability(labels, probability)
    return float(np.sqrt(np.average((table["predicted"] - table["observed"]) ** 2, weights=table["n"])))


@pytest.mark.parametrize("n", [400, 4000])
def test_perfect_probabilities_have_no_error_whatever_the_number_of_rows(n):
    """The plain error of perfect probabilities is that of chance, .1 with 400 rows; squared, ours is 0 on average."""
    rng = np.random.default_rng(3)
    found, plain = [], []
    for _ in range(60):
        labels, logits = draw(rng, n)
        found.append(calibration_error(labels, expit(logits)))
        plain.append(plain_error(labels, expit(logits)))
    assert np.median(found) < 0.35 * np.median(plain)
    assert np.mean(np.array(found) == 0) > 0.3


def test_the_error_of_wrong_probabilities_is_the_true_one(rng):
    labels, logits = draw(rng, 40_000, temperature=2.0)
    truth = np.sqrt(np.mean((expit(logits) - expit(logits / 2)) ** 2))
    assert calibration_error(labels, expit(logits)) == pytest.approx(truth, rel=0.05)
    assert calibration_error(labels, probabilities(logits, 2.0)) < 0.01


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_the_bootstrap_holds_the_estimate_and_the_truth(temperature):
    """Of the plain error it does not: each resample adds chance to chance, and the interval lies above the estimate."""
    rng, covered, plain_covered = np.random.default_rng(4), 0, 0
    for _ in range(12):
        labels, logits = draw(rng, 1000, temperature)
        truth = np.sqrt(np.mean((expit(logits) - expit(logits / temperature)) ** 2))
        found = estimate(calibration_error_many, labels, expit(logits)[None], np.arange(1000), n_resamples=200)
        covered += found.low <= truth <= found.high and found.low <= found.value <= found.high
        drawn = [rng.integers(0, 1000, 1000) for _ in range(60)]
        plain = np.quantile([plain_error(labels[rows], expit(logits)[rows]) for rows in drawn], 0.025)
        plain_covered += plain <= truth
    assert covered >= 10
    if temperature == 1:
        assert plain_covered == 0


def test_counts_as_weights_are_rows_repeated_where_none_is_drawn_twice(rng):
    labels, logits = draw(rng, 600)
    probability = expit(logits).round(1)
    chosen = (rng.random(600) < 0.7).astype(float)
    expected = calibration_error(labels[chosen > 0], probability[chosen > 0])
    assert calibration_error(labels, probability, chosen) == pytest.approx(expected, abs=1e-9)
    together = calibration_error_many(labels, probability, np.stack([chosen, np.ones(600), 3 * chosen]))
    assert together[0] == pytest.approx(together[2])
    assert together[1] == pytest.approx(calibration_error(labels, probability))


def test_probabilities_are_scikit_learns_log_loss(rng):
    logits, labels = rng.normal(size=(50, 3)), rng.integers(0, 3, 50)
    loss = oracle.log_loss(labels, probabilities(logits, 2.0), labels=[0, 1, 2])
    assert loss == pytest.approx(-log_softmax(logits / 2, axis=1)[np.arange(50), labels].mean())


def test_no_rows_and_no_numbers():
    assert np.isnan(calibration_error(np.zeros(0, int), np.zeros(0)))
    with pytest.raises(ValueError, match="1 of 2 probabilities are NaN"):
        calibration_error(np.array([0, 1]), np.array([np.nan, 0.5]))
    with pytest.raises(ValueError, match="0 or 1"):
        calibration_error(np.array([0, 2]), np.array([0.1, 0.5]))
