from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from cislearn.sequence.matching import BIN_WIDTH, match_gc, spread


@given(st.integers(1, 50), st.integers(1, 200), st.integers(0, 99))
def test_spread_is_even(n_rows, n, seed):
    rows = spread(n_rows, n, np.random.default_rng(seed))
    times = np.bincount(rows, minlength=n_rows)
    assert len(rows) == n and len(times) == n_rows
    assert set(times) <= {n // n_rows, -(-n // n_rows)}
    assert (np.diff(rows) >= 0).all()


def test_a_matched_sample_has_the_distribution_of_the_positives(rng):
    positives = rng.normal(0.55, 0.08, 3000).clip(0, 1)
    pool = rng.normal(0.42, 0.09, 100_000).clip(0, 1)
    for n in (1000, 3000, 6000):
        found = match_gc(positives, pool, n, seed=1)
        assert len(found.rows) == n == len(np.unique(found.rows))
        assert found.n_elsewhere < 0.02 * n
        assert ks_2samp(positives, pool[found.rows]).statistic < 0.03
    assert ks_2samp(positives, rng.choice(pool, 3000)).statistic > 0.4


def test_bins_are_matched_exactly_where_the_pool_allows(rng):
    values = np.arange(102) / 101
    positives, pool = rng.choice(values, 500), np.repeat(values, 60)
    found = match_gc(positives, pool, 1000, seed=3)
    count = [np.bincount((gc / BIN_WIDTH + 1e-6).astype(int), minlength=51) for gc in (positives, pool[found.rows])]
    np.testing.assert_array_equal(2 * count[0], count[1])
    assert found.n_elsewhere == 0


def test_equal_seeds_give_equal_windows(rng):
    positives, pool = rng.random(50), rng.random(5000)
    first, again, other = (match_gc(positives, pool, 50, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.rows, again.rows)
    assert set(first.rows) != set(other.rows)
    np.testing.assert_array_equal(match_gc(positives[::-1].copy(), pool, 50, 0).rows, first.rows)


def test_the_nearest_bins_give_what_one_lacks():
    positives = np.full(5, 0.50)
    pool = np.array([0.10, 0.50, 0.50, 0.54, 0.47, 0.90, np.nan])
    found = match_gc(positives, pool, 5, seed=0)
    assert found.rows.tolist() == [0, 1, 2, 3, 4] or found.rows.tolist() == [1, 2, 3, 4, 5]
    assert found.n_elsewhere == 3
    assert match_gc(positives, pool, 4, seed=0).rows.tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("pool", [[], [np.nan, np.nan], [0.2], [0.1, np.nan, 0.9]])
def test_a_pool_that_is_too_small_gives_all_it_has(pool):
    pool = np.array(pool, dtype=float)
    found = match_gc(np.array([0.5, 0.6]), pool, 5, seed=0)
    assert found.rows.tolist() == np.flatnonzero(~np.isnan(pool)).tolist()


def test_edges_of_bins_do_not_hang_on_the_last_binary_digit():
    """0.58 is 29 bins of 0.02, and 0.58 / 0.02 is 28.999999999999996."""
    assert match_gc(np.array([0.58]), np.array([0.575, 0.585]), 1, seed=0).rows.tolist() == [1]
