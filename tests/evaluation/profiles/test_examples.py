"""Loci that are set aside to be looked at."""

from __future__ import annotations

import numpy as np
import pytest

from cislearn.evaluation.profiles.examples import PROFILES, example_profiles, spread_loci


def test_loci_are_spread_over_the_divergence_and_none_is_undefined(rng):
    divergence = rng.random(101)
    divergence[[3, 50]] = np.nan
    rows = spread_loci(divergence, 5)
    ranks = np.array([(divergence < value).sum() for value in divergence[rows]]) / 98
    np.testing.assert_allclose(ranks, [0.1, 0.3, 0.5, 0.7, 0.9], atol=0.01)


@pytest.mark.parametrize(("n", "expected"), [(0, 0), (1, 1), (2, 2), (9, 3)])
def test_few_loci_are_few_pictures(n, expected):
    rows = spread_loci(np.arange(float(n)))
    assert len(rows) == expected == len(set(rows))
    assert len(spread_loci(np.full(n, np.nan))) == 0


@pytest.mark.parametrize("strands", [1, 2])
def test_rows_are_the_profiles(rng, strands):
    observed, predicted = rng.poisson(2, (3, strands, 7)), rng.random((3, strands, 7))
    table = example_profiles(["a", "b", "c"], np.array([0.1, 0.2, 0.3]), observed, predicted)
    assert set(table.columns) == set(PROFILES) - {"method", "task"}
    here = table[(table.locus == "b") & (table.strand == ("-" if strands == 2 else "."))]
    np.testing.assert_array_equal(here.observed, observed[1, -1])
    np.testing.assert_allclose(here.predicted, predicted[1, -1], rtol=1e-6)
    assert list(here.position) == list(range(7)) and np.allclose(here.divergence, 0.2)
