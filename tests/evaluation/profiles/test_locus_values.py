"""Profile metrics of one locus: scipy's, done slowly, and what holds of them by definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cislearn.evaluation.profiles import families
from cislearn.evaluation.profiles.divergence import jensen_shannon
from cislearn.evaluation.profiles.families import FAMILIES, locus_values
from tests.evaluation.profiles import slow

SLOW = {"strand_aware": slow.strand_aware, "published": slow.published}


@pytest.fixture
def profiles(rng):
    """Sparse reads with ties, and shapes that have to do with them."""
    observed = rng.poisson(rng.gamma(0.3, 1.5, (12, 2, 103)))
    predicted = observed + rng.gamma(1.0, 2.0, observed.shape)
    return observed, predicted / predicted.sum(axis=2, keepdims=True)


@pytest.mark.parametrize("family", SLOW)
def test_each_locus_as_scipy_has_it(profiles, family):
    """103 bases are no whole number of bins."""
    found = locus_values(*profiles, family)
    expected = [SLOW[family](*pair) for pair in zip(*profiles, strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("family", SLOW)
def test_blocks_change_nothing(profiles, family, monkeypatch):
    whole = locus_values(*profiles, family)
    monkeypatch.setattr(families, "BLOCK", 5 * 2 * 103)
    np.testing.assert_array_equal(locus_values(*profiles, family), whole)
    assert locus_values(*(each[:0] for each in profiles), family).shape == (0, 7)


@pytest.mark.parametrize("family", SLOW)
def test_constant_profiles_have_no_correlation(profiles, family):
    """trap 21: a constant profile has no correlation; NaN, never 0. Its divergence is a number."""
    observed, predicted = profiles
    flat = np.full_like(predicted, 1 / 103)
    found = locus_values(observed, flat, family)
    assert np.isnan(found[:, 1:]).all() and (found[:, 0] > 0).all()
    found = locus_values(np.full_like(observed, 7), predicted, family)
    assert np.isnan(found[:, 1:]).all() and (found[:, 0] > 0).all()
    assert np.isnan(locus_values(np.zeros_like(observed), predicted, family)).all()


def test_a_flat_prediction_in_single_precision_is_still_flat(profiles):
    observed, predicted = profiles
    nearly = (1 / 103 + 1e-9 * np.sign(predicted - predicted.mean())).astype(np.float32)
    assert np.isnan(locus_values(observed, nearly)[:, 1]).all()


def test_a_strand_without_reads_leaves_the_other(profiles):
    observed, predicted = profiles
    observed[:, 1] = 0
    alone = locus_values(observed[:, :1], predicted[:, :1])
    np.testing.assert_allclose(locus_values(observed, predicted), alone)


def test_the_published_bin_mixes_the_strands_and_ours_does_not(profiles):
    """Two and a half bases of either strand, so which base a read lies at within a "5 bp bin" matters."""
    observed, predicted = profiles
    within = np.concatenate([np.random.default_rng(0).permutation(5) + first for first in range(0, 100, 5)])
    observed, predicted = observed[:, :, :100], predicted[:, :, :100]
    ours, published = (FAMILIES[name].binned for name in ("strand_aware", "published"))
    np.testing.assert_array_equal(ours(observed[:, :, within], 5), ours(observed, 5))
    assert published(observed, 5).shape == (12, 1, 40) and ours(observed, 5).shape == (12, 2, 20)
    assert (published(observed[:, :, within], 5) != published(observed, 5)).any()
    assert (published(observed, 10) == observed.reshape(12, 2, 20, 5).max(axis=(1, 3))[:, None]).all()


def test_strands_of_unlike_depth_hide_a_perfect_shape_from_the_published_metric_alone(rng):
    """Probabilities sum to one on each strand, reads do not: laid into each other they are of two scales."""
    shapes = rng.gamma(0.3, 1, (20, 2, 200))
    shapes /= shapes.sum(axis=2, keepdims=True)
    observed = shapes * np.array([1000.0, 100.0])[:, None]
    pearson = {family: locus_values(observed, shapes, family)[:, 1] for family in SLOW}
    np.testing.assert_allclose(pearson["strand_aware"], 1)
    assert (pearson["published"] < 0.9).all()


counts = st.lists(st.integers(0, 9), min_size=30, max_size=30).map(lambda reads: np.array([reads]))


@settings(max_examples=60, deadline=None)
@given(counts, counts, st.integers(1, 50))
def test_divergence_is_symmetric_bounded_and_blind_to_depth(a, b, depth):
    there, back = jensen_shannon(a, b), jensen_shannon(b, a)
    if a.sum() == 0 or b.sum() == 0:
        assert np.isnan(there)
        return
    assert there == pytest.approx(back, abs=1e-12)
    assert -1e-12 <= there <= np.log(2) + 1e-12
    assert jensen_shannon(depth * a, b) == pytest.approx(there, abs=1e-12)
    assert jensen_shannon(a, a) == pytest.approx(0, abs=1e-12)
    assert jensen_shannon(a[:, ::-1], b[:, ::-1]) == pytest.approx(there, abs=1e-12)


def test_profiles_without_a_base_in_common_are_log_2_apart():
    """Smoothed by 3 bp on either side, peaks 6 bp apart still touch, and those 7 bp apart do not."""
    peaks = np.eye(60)
    found = jensen_shannon(5 * peaks[[10, 10, 10]], peaks[[16, 17, 40]])
    assert found[0] < np.log(2) - 1e-3
    np.testing.assert_allclose(found[1:], np.log(2))


@pytest.mark.parametrize("family", SLOW)
def test_both_strands_turned_give_the_same(profiles, family):
    """trap 3: a reverse complement turns the positions and swaps the strands, of both sides, and nothing changes.

    The published bins hold this only where they divide the window, which is why it is tested on 100 bases.
    """
    observed, predicted = (each[:, :, :100] for each in profiles)
    turned = locus_values(observed[:, ::-1, ::-1], predicted[:, ::-1, ::-1], family)
    np.testing.assert_allclose(turned, locus_values(observed, predicted, family), atol=1e-12)
