"""Two sets of rows told apart: by chance if they are alike, and as well as two normal distributions can be."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from cislearn.evaluation.separation import separation


def test_sets_that_are_alike_are_not_told_apart(rng):
    """In 40 pairs of equal sets about 38 of the 95 % intervals hold .5."""
    held = 0
    for seed in range(40):
        found = separation(rng.normal(size=(400, 4)), np.arange(400) < 200, np.arange(400), n_resamples=200, seed=seed)
        held += found.low <= 0.5 <= found.high
    assert held >= 34


def test_against_the_auroc_of_two_normal_distributions(rng):
    is_second = np.arange(4000) < 2000
    features = rng.normal(size=(4000, 3)) + 2 + is_second[:, None] * np.array([0.8, 0, 0])
    found = separation(features, is_second, np.arange(4000))
    assert found.low < norm.cdf(0.8 / np.sqrt(2)) < found.high
    assert found.value == pytest.approx(norm.cdf(0.8 / np.sqrt(2)), abs=0.02)


def test_a_window_in_both_sets_is_not_learned_by_heart(rng):
    """Forty features of sixty windows can be learned by heart; each window is in both sets."""
    features = rng.normal(size=(60, 40)).repeat(2, axis=0)
    found = separation(features, np.arange(120) % 2 == 0, np.arange(120) // 2)
    assert found.value == 0.5


@pytest.mark.parametrize(("n_first", "n_second"), [(0, 50), (5, 50), (0, 0)])
def test_with_few_rows_nothing_is_measured(rng, n_first, n_second):
    n = n_first + n_second
    assert separation(rng.normal(size=(n, 2)), np.arange(n) < n_second, np.arange(n)) is None
