"""The prevalence of a domain without labels: simulated shift of known size, and plain expectation maximisation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from cislearn.evaluation.intervals import estimates
from cislearn.evaluation.label_shift import (
    black_box_prevalence_many,
    likeliest_prevalence_many,
    source_prevalence_many,
)
from cislearn.evaluation.resamples import Panel


def shifted(rng, source, target, n=4000):
    """Scores of two unit Gaussians 2 apart: the calibrated log odds at x are 2 (x - 1) + logit(source)."""
    truth = np.concatenate([rng.random(n) < source, rng.random(n) < target])
    x = rng.normal(size=2 * n) + 2 * truth
    labels = np.where(np.arange(2 * n) < n, truth.astype(float), np.nan)
    return labels, expit(2 * (x - 1) + logit(source)), truth


def expectation_maximisation(labels, probability, steps=20_000):
    """Saerens et al. 2002, eq. 4.1 and 4.2, as they stand."""
    prior = np.nanmean(labels)
    chance, at = probability[np.isnan(labels)], prior
    for _ in range(steps):
        up, down = at / prior * chance, (1 - at) / (1 - prior) * (1 - chance)
        at = (up / (up + down)).mean()
    return at


@pytest.mark.parametrize(("source", "target"), [(0.5, 0.5), (0.5, 0.15), (0.3, 0.6), (0.5, 0.02)])
def test_the_prevalence_of_a_simulated_shift_is_found(rng, source, target):
    labels, probability, truth = shifted(rng, source, target)
    seen = truth[4000:].mean()
    ones = np.ones((1, len(labels)))
    assert source_prevalence_many(labels, probability, ones)[0] == pytest.approx(truth[:4000].mean())
    assert black_box_prevalence_many(labels, probability > 0.5, ones)[0] == pytest.approx(seen, abs=0.03)
    assert likeliest_prevalence_many(labels, probability, ones)[0] == pytest.approx(seen, abs=0.02)


def test_intervals_hold_the_prevalence_as_often_as_they_say(rng):
    held = np.zeros(2)
    for seed in range(40):
        labels, probability, _ = shifted(np.random.default_rng(seed), 0.5, 0.2, n=300)
        panels = [
            Panel(("calls",), black_box_prevalence_many, (probability > 0.5)[None]),
            Panel(("chances",), likeliest_prevalence_many, probability[None]),
        ]
        found = estimates(panels, labels, np.arange(600), n_resamples=200, seed=seed)
        held += [found[name].low <= 0.2 <= found[name].high for name in ("calls", "chances")]
    assert (held >= 34).all()


def test_halving_finds_what_expectation_maximisation_climbs_to(rng):
    labels, probability, _ = shifted(rng, 0.4, 0.1, n=300)
    found = likeliest_prevalence_many(labels, probability, np.ones((1, 600)))[0]
    assert found == pytest.approx(expectation_maximisation(labels, probability), abs=1e-6)


def test_weights_count_as_repeated_rows(rng):
    labels, probability, _ = shifted(rng, 0.5, 0.3, n=200)
    weights = rng.integers(0, 3, size=(4, 400))
    for many, scores in ((black_box_prevalence_many, probability > 0.5), (likeliest_prevalence_many, probability)):
        repeated = [many(labels.repeat(each), scores.repeat(each), np.ones((1, each.sum())))[0] for each in weights]
        np.testing.assert_allclose(many(labels, scores, weights.astype(float)), repeated, atol=1e-9)


def test_where_nothing_can_be_known_nothing_is_said(rng):
    labels = np.array([1.0, 1.0, 0.0, 0.0, np.nan])
    useless = np.array([True, False, True, False, True])
    assert np.isnan(black_box_prevalence_many(labels, useless, np.ones((1, 5)))).all()
    one_class = np.array([1.0, 1.0, np.nan])
    assert np.isnan(likeliest_prevalence_many(one_class, np.full(3, 0.5), np.ones((1, 3)))).all()
    no_target = np.array([1.0, 0.0])
    assert np.isnan(likeliest_prevalence_many(no_target, np.full(2, 0.5), np.ones((1, 2)))).all()
