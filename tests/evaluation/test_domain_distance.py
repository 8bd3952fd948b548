"""The proxy A-distance: 0 for equal sets, 2 for separable ones, Gaussian in between, honest where loci are shared."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from cislearn.evaluation.domain_classifier import standardised
from cislearn.evaluation.domain_distance import distance_many, proxy_a_distance


def distance(source, target, clusters=None, **options):
    features = np.concatenate([source, target])
    clusters = np.arange(len(features)) if clusters is None else clusters
    return proxy_a_distance(standardised(features), np.arange(len(features)) >= len(source), clusters, **options)


def test_equal_sets_are_not_told_apart(rng):
    found = distance(rng.normal(size=(1000, 8)), rng.normal(size=(600, 8)))
    assert found.value < 0.15
    assert 0 <= found.low <= found.value <= found.high < 0.3
    assert (found.n_source, found.n_target) == (500, 300)


def test_separable_sets_are_two_apart(rng):
    found = distance(rng.normal(size=(200, 8)), 9 + rng.normal(size=(100, 8)))
    assert (found.low, found.value, found.high, found.error) == (2, 2, 2, 0)


def test_gaussians_have_the_known_distance(rng):
    """Two unit Gaussians d apart: the best linear classifier errs with probability Phi(-d/2)."""
    shift = np.zeros(8)
    shift[0] = 1.0
    found = distance(rng.normal(size=(8000, 8)), shift + rng.normal(size=(8000, 8)), max_rows=8000)
    expected = 2 * (1 - 2 * norm.cdf(-0.5))
    assert found.value == pytest.approx(expected, abs=0.06)
    assert found.low < expected < found.high


def test_the_bracket_is_the_sum_of_the_two_error_rates():
    """Of four source rows one is wrong, of two target rows one: 2 (1 - (1/4 + 1/2)), not 2 (1 - 2/6)."""
    is_target = np.array([False] * 4 + [True] * 2)
    wrong = np.array([True, False, False, False, True, False])
    assert distance_many(is_target, wrong, np.ones((1, 6)))[0] == pytest.approx(0.5)
    twice = distance_many(is_target, wrong, np.array([[1, 1, 1, 1, 2, 0], [1, 1, 1, 1, 0, 0]]))
    assert twice[0] == 0  # 2 (1 - 5/4) is below 0
    assert np.isnan(twice[1])


def test_unequal_sizes_do_not_hide_a_difference(rng):
    """The error is balanced: calling all rows the larger domain is worth nothing."""
    assert distance(rng.normal(size=(3000, 4)), 1 + rng.normal(size=(150, 4))).value > 1


def test_a_window_seen_in_both_domains_tells_nothing(rng):
    """The same windows in both domains: 0 apart, whatever could be learned by heart; halved by rows it is not .5."""
    features = rng.normal(size=(60, 40))
    both = distance(features, features, np.tile(np.arange(60), 2))
    assert (both.value, both.error) == (0, 0.5)
    by_rows = distance(features, features)
    assert by_rows.error > 0.6  # a window learned as the source's is wrong as the target's


def test_overlapping_windows_are_not_told_apart_by_heart(rng):
    """Each window six times within its domain: halved by rows, two equal sets seem far apart."""
    source, target = (rng.normal(size=(30, 40)).repeat(6, axis=0) for _ in range(2))
    assert distance(source, target).value > 1
    assert distance(source, target, np.arange(60).repeat(6)).value < 0.6


def test_scale_and_thinning(rng):
    source, target = rng.normal(size=(500, 4)), 1 + rng.normal(size=(500, 4))
    plain, scaled = (distance(factor * source, factor * target) for factor in (1, 1e4))
    assert scaled.value == pytest.approx(plain.value, abs=1e-9)
    thinned = distance(source, target, max_rows=100)
    assert (thinned.n_source, thinned.n_target) == (50, 50)


def test_many_features_are_as_far_apart_as_the_few_that_count(rng):
    few = rng.normal(size=(600, 6)) + np.where(np.arange(600) < 300, 0, 0.8)[:, None]
    turned = few @ np.linalg.qr(rng.normal(size=(700, 6)))[0].T
    plain, many = (distance(each[:300], each[300:]) for each in (few, turned))
    assert many.value == pytest.approx(plain.value, abs=0.3)


def test_constant_features_are_no_difference():
    assert distance(np.ones((40, 3)), np.ones((40, 3))).value == 0


def test_broken_features_are_refused():
    with pytest.raises(ValueError, match="finite"):
        distance(np.full((20, 2), np.nan), np.zeros((20, 2)))


@pytest.mark.parametrize(("n", "clusters"), [(5, None), (40, np.zeros(60, int))])
def test_with_few_rows_or_a_single_locus_nothing_is_measured(n, clusters):
    assert distance(np.zeros((n, 2)), np.zeros((20, 2)), clusters) is None
