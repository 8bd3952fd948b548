"""The proxy A-distance: 0 for equal sets, 2 for separable ones, Gaussian in between."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from cislearn.evaluation.domain_distance import proxy_a_distance


def test_equal_sets_are_not_told_apart(rng):
    distance = proxy_a_distance(rng.normal(size=(1000, 8)), rng.normal(size=(600, 8)))
    assert distance.value < 0.15
    assert 0 <= distance.low <= distance.value <= distance.high < 0.3
    assert (distance.n_source, distance.n_target) == (500, 300)


def test_separable_sets_are_two_apart(rng):
    distance = proxy_a_distance(rng.normal(size=(200, 8)), 9 + rng.normal(size=(100, 8)))
    assert (distance.low, distance.value, distance.high, distance.error) == (2, 2, 2, 0)


def test_gaussians_have_the_known_distance(rng):
    """Two unit Gaussians d apart: the best linear classifier errs with probability Phi(-d/2)."""
    shift = np.zeros(8)
    shift[0] = 1.0
    distance = proxy_a_distance(rng.normal(size=(8000, 8)), shift + rng.normal(size=(8000, 8)), max_rows=8000)
    expected = 2 * (1 - 2 * norm.cdf(-0.5))
    assert distance.value == pytest.approx(expected, abs=0.06)
    assert distance.low < expected < distance.high


def test_unequal_sizes_do_not_hide_a_difference(rng):
    """The error is balanced: calling all rows the larger domain is worth nothing."""
    distance = proxy_a_distance(rng.normal(size=(3000, 4)), 1 + rng.normal(size=(150, 4)))
    assert distance.value > 1


def test_scale_and_thinning(rng):
    source, target = rng.normal(size=(500, 4)), 1 + rng.normal(size=(500, 4))
    plain, scaled = (proxy_a_distance(factor * source, factor * target) for factor in (1, 1e4))
    assert scaled.value == pytest.approx(plain.value, abs=1e-9)
    thinned = proxy_a_distance(source, target, max_rows=100)
    assert (thinned.n_source, thinned.n_target) == (50, 50)


def test_constant_features_are_no_difference():
    distance = proxy_a_distance(np.ones((40, 3)), np.ones((40, 3)))
    assert distance.value == 0


@pytest.mark.parametrize("source", [np.zeros((5, 2)), np.full((20, 2), np.nan)])
def test_too_few_rows_or_broken_features_are_refused(source):
    with pytest.raises(ValueError, match="12 rows"):
        proxy_a_distance(source, np.zeros((20, 2)))
