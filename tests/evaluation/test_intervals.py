"""The bootstrap against a slow one, its coverage, and what pairing does."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from cislearn.evaluation import resamples
from cislearn.evaluation.intervals import FEWEST, Estimate, estimate, paired_difference
from cislearn.evaluation.metrics import accuracy_many, auroc, auroc_many, f1_many, log_loss_many
from cislearn.evaluation.resamples import bootstrap_weights


def drawn_weights(clusters, n_resamples, seed):
    return np.concatenate(list(bootstrap_weights(clusters, n_resamples, seed)))


def simulate(rng, n=200, n_seeds=3, effect=1.0):
    labels = rng.integers(0, 2, n)
    shared = rng.normal(size=n) + effect * labels
    return labels, shared + 0.3 * rng.normal(size=(n_seeds, n))


def test_weights_count_whole_clusters():
    clusters = np.array([7, 7, -1, 30, 30, 30])
    weights = drawn_weights(clusters, 500, seed=3)
    assert weights.shape == (500, 6)
    assert weights.dtype == np.uint8
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 3] == weights[:, 5]).all()
    assert (weights[:, [0, 2, 3]].sum(axis=1) == 3).all()
    assert weights[:, 2].mean() == pytest.approx(1, abs=0.15)


def test_weights_depend_neither_on_how_many_are_drawn_nor_on_the_block(monkeypatch):
    clusters = np.arange(50)
    weights = drawn_weights(clusters, 40, seed=1)
    monkeypatch.setattr(resamples, "BLOCK", 7 * 50)
    np.testing.assert_array_equal(drawn_weights(clusters, 30, seed=1), weights[:30])


def test_estimate_equals_a_slow_bootstrap(rng):
    """The same draws, but with rows repeated, and the metric of each set on its own."""
    labels, scores = simulate(rng)
    clusters = rng.integers(0, 80, len(labels))
    result = estimate(auroc_many, labels, scores, clusters, n_resamples=100, seed=5)
    seeds = np.random.default_rng([5, 3]).integers(3, size=(100, 3))
    means = []
    for weights, drawn in zip(drawn_weights(clusters, 100, seed=5), seeds, strict=True):
        rows = np.repeat(np.arange(len(labels)), weights.astype(int))
        means.append(np.mean([auroc(labels[rows], scores[each][rows]) for each in drawn]))
    per_seed = [auroc(labels, each) for each in scores]
    expected = [np.mean(per_seed), *np.quantile(means, [0.025, 0.975]), np.std(per_seed, ddof=1)]
    np.testing.assert_allclose([result.value, result.low, result.high, result.seed_sd], expected, atol=1e-12)


@pytest.mark.slow
def test_intervals_cover_the_truth():
    """Normal scores have a known AUROC, Phi(d / sqrt 2); 95 % intervals of 300 data sets miss it in 2-9 % of them."""
    truth = norm.cdf(1 / np.sqrt(2))
    covered = 0
    for seed in range(300):
        labels, scores = simulate(np.random.default_rng(seed), n=300, n_seeds=1)
        scores = scores / np.sqrt(1.09) + labels * (1 - 1 / np.sqrt(1.09))
        result = estimate(auroc_many, labels, scores, np.arange(300), n_resamples=300, seed=seed)
        covered += result.low <= truth <= result.high
    assert 0.91 <= covered / 300 <= 0.98


def test_clusters_widen_the_interval(rng):
    """Each row four times over says no more than once; by rows the interval would come out half as wide."""
    labels, scores = simulate(rng, n=150, n_seeds=1)
    copies = np.tile(labels, 4), np.tile(scores, (1, 4))
    by_locus = estimate(auroc_many, *copies, np.tile(np.arange(150), 4))
    once = estimate(auroc_many, labels, scores, np.arange(150))
    by_row = estimate(auroc_many, *copies, np.arange(600))
    assert (by_locus.low, by_locus.high) == pytest.approx((once.low, once.high), abs=1e-12)
    assert (by_row.high - by_row.low) / (once.high - once.low) == pytest.approx(0.5, abs=0.1)


def test_seeds_that_differ_widen_the_interval(rng):
    labels, scores = simulate(rng)
    alike = estimate(auroc_many, labels, np.repeat(scores[:1], 3, axis=0), np.arange(200))
    alone = estimate(auroc_many, labels, scores[:1], np.arange(200))
    scores[0] = rng.normal(size=200)
    unlike = estimate(auroc_many, labels, scores, np.arange(200))
    assert (alike.low, alike.high) == pytest.approx((alone.low, alone.high), abs=1e-12)
    assert alike.seed_sd == pytest.approx(0, abs=1e-12)
    assert np.isnan(alone.seed_sd)
    assert unlike.high - unlike.low > 2 * (alike.high - alike.low)


def test_pairing_is_narrower_than_the_two_intervals_and_of_equals_it_is_zero(rng):
    labels, scores = simulate(rng)
    better = scores + 0.2 * labels
    difference = paired_difference(auroc_many, labels, better, scores, np.arange(200), seed=2)
    a, b = (estimate(auroc_many, labels, each, np.arange(200), seed=2) for each in (better, scores))
    assert difference.value == pytest.approx(a.value - b.value)
    assert 0 < difference.low < difference.value < difference.high
    assert difference.high - difference.low < (a.high - a.low) / 2
    reverse = paired_difference(auroc_many, labels, scores, better, np.arange(200), seed=2)
    assert (reverse.value, reverse.low, reverse.high) == pytest.approx(
        (-difference.value, -difference.high, -difference.low)
    )
    none = paired_difference(auroc_many, labels, scores, scores, np.arange(200))
    assert none == Estimate(value=0.0, low=0.0, high=0.0, seed_sd=0.0, n_seeds=3)


def test_pairing_needs_equal_seeds(rng):
    labels, scores = simulate(rng)
    with pytest.raises(ValueError, match="3 seeds on one side and 2"):
        paired_difference(auroc_many, labels, scores, scores[:2], np.arange(200))


def test_undefined_resamples_are_left_out_and_counted():
    """Six clusters, one of them the only positive: of so many draws lack it (5/6) ** 6."""
    labels, scores = np.array([0, 0, 0, 0, 0, 1]), np.array([[0.1, 0.4, 0.2, 0.5, 0.6, 0.3]])
    result = estimate(auroc_many, labels, scores, np.arange(6), n_resamples=4000)
    assert result.undefined == pytest.approx((5 / 6) ** 6, abs=0.03)
    assert (result.low, result.value, result.high) == pytest.approx((0, 0.4, 0.8))


@pytest.mark.parametrize("n", [1, 4, 5])
def test_few_clusters_have_no_interval(n, rng):
    """Over one cluster every resample is the data, and each difference would be clear of 0."""
    labels, scores = rng.integers(0, 2, 200), rng.normal(size=(2, 200))
    found = estimate(auroc_many, labels, scores, np.arange(200) % n)
    assert np.isfinite(found.value) and np.isnan([found.low, found.high]).all() == (n < FEWEST)
    assert np.isnan(found.undefined) if n < FEWEST else found.undefined == 0


def test_few_clusters_are_not_resampled(rng):
    """No draw would be kept, and that none was made says nothing of where the metric is defined."""
    seen = []

    def count_rows(labels, scores, weights):
        seen.append(len(weights))
        return auroc_many(labels, scores, weights)

    labels, clusters = rng.integers(0, 2, 40), np.arange(40) % (FEWEST - 1)
    a, b = rng.normal(size=(2, 2, 40))
    found = paired_difference(count_rows, labels, a, b, clusters)
    assert seen == [1] * 4, "both seeds of both sides, on the rows as they are"
    difference = np.mean([auroc(labels, each) for each in a]) - np.mean([auroc(labels, each) for each in b])
    assert found.value == pytest.approx(difference) and np.isnan(found.undefined)


def test_one_class_has_no_estimate():
    result = estimate(auroc_many, np.ones(5, int), np.zeros((2, 5)), np.arange(5), n_resamples=10)
    assert np.isnan([result.value, result.low, result.high]).all()
    assert result.undefined == 1


def test_any_many_metric_has_an_interval(rng):
    labels, scores = simulate(rng)
    calls = estimate(f1_many, labels, scores > 0.5, np.arange(200), n_resamples=200)
    classes = rng.integers(0, 3, 200)
    logits = rng.normal(size=(2, 200, 3)) + 2 * np.eye(3)[classes]
    right = estimate(accuracy_many, classes, logits.argmax(2), np.arange(200), n_resamples=200)
    loss = estimate(log_loss_many, classes, logits, np.arange(200), n_resamples=200)
    assert all(each.low < each.value < each.high for each in (calls, right, loss))
