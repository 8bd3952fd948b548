"""DeLong against its definition over all pairs, a published example, permutations, and the coverage of its interval."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from cislearn.evaluation.delong import delong, delong_difference
from cislearn.evaluation.intervals import estimate, paired_difference
from cislearn.evaluation.metrics import auroc, auroc_many


def slow(labels, scores):
    """DeLong, DeLong and Clarke-Pearson 1988, equations 3 to 6: every positive against every negative."""
    parts = []
    for column in scores:
        pairs = column[labels == 1][:, None] - column[labels == 0][None]
        won = (pairs > 0) + (pairs == 0) / 2
        parts.append((won.mean(), won.mean(axis=1), won.mean(axis=0)))
    areas, beaten, beating = (np.array(each) for each in zip(*parts, strict=True))
    (m, n) = beaten.shape[1], beating.shape[1]
    return areas, np.atleast_2d(np.cov(beaten)) / m + np.atleast_2d(np.cov(beating)) / n


ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 9), st.integers(-3, 3)), min_size=6, max_size=60)


@settings(max_examples=80)
@given(ROWS)
def test_the_fast_form_equals_the_definition_ties_included(rows):
    labels, a, b = (np.array(column, float) for column in zip(*rows, strict=True))
    if min(labels.sum(), (1 - labels).sum()) < 2:
        return
    areas, covariance = slow(labels, np.stack([a, b]))
    found = delong(labels, a)
    assert found.auroc == pytest.approx(areas[0], abs=1e-12) == auroc(labels, a)
    assert found.se**2 == pytest.approx(covariance[0, 0], abs=1e-12)
    difference = delong_difference(labels, a, b)
    assert difference.difference == pytest.approx(areas[0] - areas[1], abs=1e-12)
    assert difference.se**2 == pytest.approx(np.array([1, -1]) @ covariance @ np.array([1, -1]), abs=1e-12)


def test_the_published_example():
    """Ratings of 109 CT images (Hanley and McNeil 1982), a few values with many ties.

    Stata's manual, entry roctab: area .8932, DeLong's standard error .0307, its symmetric interval .83295 to .95339.
    """
    normal, abnormal = [33, 6, 6, 11, 2], [3, 2, 2, 11, 33]
    labels = np.repeat([0, 1], [58, 51])
    ratings = np.concatenate([np.repeat(np.arange(5), counts) for counts in (normal, abnormal)])
    found = delong(labels, ratings)
    assert (round(found.auroc, 4), round(found.se, 4)) == (0.8932, 0.0307)
    symmetric = found.auroc + norm.ppf([0.025, 0.975]) * found.se
    np.testing.assert_allclose(symmetric, [0.83295, 0.95339], atol=5e-6)
    assert symmetric[0] > found.low and found.high < symmetric[1]


@pytest.mark.parametrize("shift", [0.8, 2.66])
def test_the_interval_holds_the_truth_as_often_as_it_says(shift):
    """60 rows, 20 of them positive, a true AUROC of Phi(d / sqrt 2), .71 and .97: covered in about 95 % of 1,000."""
    truth, labels = norm.cdf(shift / np.sqrt(2)), np.arange(60) < 20
    rng, covered, symmetric = np.random.default_rng(1), 0, 0
    for _ in range(1000):
        found = delong(labels, rng.normal(size=60) + shift * labels)
        covered += found.low <= truth <= found.high or found.auroc == 1
        symmetric += abs(found.auroc - truth) <= 1.96 * found.se
    assert 0.93 <= covered / 1000 <= 0.975
    assert symmetric < covered


def test_it_agrees_with_the_bootstrap_over_independent_rows(rng):
    labels = rng.integers(0, 2, 1500)
    a, b = (rng.normal(size=1500) + each * labels for each in (1.0, 0.8))
    one, drawn = delong(labels, a), estimate(auroc_many, labels, a[None], np.arange(1500))
    assert (one.low, one.high) == pytest.approx((drawn.low, drawn.high), abs=0.003)
    pair = delong_difference(labels, a, b)
    drawn = paired_difference(auroc_many, labels, a[None], b[None], np.arange(1500))
    assert (pair.low, pair.high) == pytest.approx((drawn.low, drawn.high), abs=0.004)


def test_its_p_value_agrees_with_permutations(rng):
    """Under no difference the two columns of a row may be exchanged, once both are ranks."""
    labels = rng.integers(0, 2, 200)
    shared = rng.normal(size=200) + labels
    a, b = (np.argsort(np.argsort(shared + each * rng.normal(size=200))) for each in (0.4, 0.9))
    found = delong_difference(labels, a, b)
    swaps = rng.random((1000, 200)) < 0.5
    drawn = [auroc(labels, np.where(swap, b, a)) - auroc(labels, np.where(swap, a, b)) for swap in swaps]
    assert found.p == pytest.approx(np.mean(np.abs(drawn) >= abs(found.difference)), abs=0.05)
    assert 0.005 < found.p < 0.6


def test_no_difference_is_found_as_often_as_it_says():
    rng, p = np.random.default_rng(2), []
    for _ in range(600):
        labels = rng.integers(0, 2, 120)
        shared = rng.normal(size=120) + labels
        p.append(delong_difference(labels, shared + rng.normal(size=120), shared + rng.normal(size=120)).p)
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.025)


def test_sides_exchanged_and_scores_alike(rng):
    labels = rng.integers(0, 2, 80)
    a, b = rng.normal(size=(2, 80))
    one, other = delong_difference(labels, a, b), delong_difference(labels, b, a)
    assert (one.difference, one.low, one.p) == pytest.approx((-other.difference, -other.high, other.p))
    assert delong_difference(labels, a, np.exp(a)) == (0, 0, 0, 0, 1)
    assert delong(labels, -a).auroc == pytest.approx(1 - delong(labels, a).auroc)


def test_what_tells_nothing_is_nan():
    """Classes that are apart have an AUROC without variance, which is no certainty."""
    labels, scores = np.array([0, 0, 1, 1]), np.array([0.0, 1, 2, 3])
    assert delong(labels, scores)[:2] == (1, 0)
    assert np.isnan(delong(labels, scores)[2:]).all()
    assert np.isnan(delong_difference(labels, scores, -scores)[2:]).all()
    assert np.isnan(delong(np.ones(3), np.arange(3.0))).all()
    assert delong(np.array([0, 0, 1]), np.array([0, 2, 1])).auroc == 0.5
    assert np.isnan(delong(np.array([0, 0, 1]), np.array([0, 2, 1])).se)


def test_bad_scores_and_labels_are_refused():
    with pytest.raises(ValueError, match=r"1 of 3 scores are NaN, the first in row 1, counted from 0"):
        delong(np.array([0, 1, 1]), np.array([0.1, np.nan, 0.2]))
    with pytest.raises(ValueError, match="0 or 1"):
        delong_difference(np.array([0, 1, -1]), np.zeros(3), np.ones(3))
