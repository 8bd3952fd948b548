"""Bounds of profile metrics: what is predicted without a sequence, and what another experiment would give."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cislearn.errors import UserError
from cislearn.evaluation.profiles.bounds import another_locus, between, bounds_table, mean_shape, thinned
from cislearn.evaluation.profiles.names import COUNTS, SHAPE

N, S, L = 60, 2, 80


@pytest.fixture
def truth(rng):
    """Reads that are expected at each base: a common hump and a site of each locus's own."""
    place = np.arange(L)
    common = np.exp(-(((place - 40) / 15) ** 2))
    own = 3 * np.exp(-(((place - rng.integers(20, 60, (N, S, 1))) / 3) ** 2))
    return (common + own) * rng.gamma(3, 1, (N, 1, 1))


@pytest.fixture
def replicates(truth, rng):
    return rng.poisson(truth), rng.poisson(truth)


def test_the_mean_shape_counts_each_locus_once(rng):
    profiles = rng.poisson(2.0, (5, S, L)).astype(float)
    profiles[0] *= 1000
    profiles[1, 1] = 0
    shapes = [[p / p.sum() for p in locus if p.sum()] for locus in profiles]
    plus = np.mean([strands[0] for strands in shapes], axis=0)
    minus = np.mean([strands[1] for strands in shapes if len(strands) == 2], axis=0)
    np.testing.assert_allclose(mean_shape(profiles), [plus, minus])
    np.testing.assert_allclose(mean_shape(np.zeros((3, 1, 4))), [[0.25] * 4])


@pytest.mark.parametrize("n", [2, 3, 10, 101])
def test_no_locus_is_its_own_shuffle_and_each_is_used_once(n):
    other = another_locus(n, seed=n)
    assert sorted(other) == list(range(n)) and (other != np.arange(n)).all()
    np.testing.assert_array_equal(other, another_locus(n, seed=n))


def test_one_locus_cannot_be_shuffled():
    with pytest.raises(ValueError, match="1 loci"):
        another_locus(1)


def test_thinning_keeps_every_read_and_splits_them_evenly(replicates):
    one, other = thinned(replicates[0], seed=3)
    np.testing.assert_array_equal(one + other, replicates[0])
    assert (one >= 0).all() and (other >= 0).all()
    total = replicates[0].sum()
    assert abs(one.sum() - total / 2) < 4 * np.sqrt(total) / 2
    assert (one != other).any()


@pytest.mark.parametrize("wrong", [0.5, -1, np.nan, np.inf])
def test_only_reads_can_be_thinned(wrong):
    with pytest.raises(UserError, match=r"counts of reads(.|\n)*second replicate"):
        thinned(np.array([[[1.0, wrong]]]))


def test_bounds_are_in_order_and_name_what_they_are(replicates):
    one, other = replicates
    given = {"training": one[:20], "n_resamples": 30}
    table = bounds_table(one + other, np.arange(N), replicates=np.stack([one, other], axis=1), **given)
    assert list(dict.fromkeys(table.reference)) == ["mean profile", "shuffled", "replicate"]
    assert list(dict.fromkeys(table.metric)) == [*SHAPE.values(), *COUNTS]
    found = table.pivot_table("estimate", "metric", "reference", dropna=False)
    assert (found.loc["JSD", "replicate"] < found.loc["JSD", ["mean profile", "shuffled"]]).all()
    for metric in found.index.drop("JSD"):
        assert found.loc[metric, "replicate"] > found.loc[metric, "shuffled"]
    assert np.isnan(found.loc["counts Pearson", "mean profile"])  # one number everywhere
    halves = bounds_table(one, np.arange(N), **given)
    halves = halves[halves.reference == "pseudo-replicates"].set_index("metric").estimate.loc[found.index]
    assert (halves < found["replicate"])[found.index != "JSD"].all()  # half of the reads
    assert halves["JSD"] > found.loc["JSD", "replicate"]


def test_replicates_are_taken_where_every_locus_has_two(replicates):
    """Of three, the others together predict the first; a locus with one alone leaves only pseudo-replicates."""
    one, other = (each.astype(float) for each in replicates)
    three = np.stack([one, other // 2, other - other // 2], axis=1)
    given = {"observed": one + other, "clusters": np.arange(N), "training": one, "n_resamples": 5}
    expected = bounds_table(**given, replicates=np.stack([one, other], axis=1))
    pd.testing.assert_frame_equal(bounds_table(**given, replicates=three), expected)
    three[5, 2] = np.nan
    assert "replicate" in set(bounds_table(**given, replicates=three).reference)
    three[5, 1] = np.nan
    assert "pseudo-replicates" in set(bounds_table(**given, replicates=three).reference)
    assert "pseudo-replicates" in set(bounds_table(**given, replicates=three[:, :1]).reference)


def test_a_replicate_is_scored_as_a_prediction_is(replicates):
    """Its strands have a shape each: where one is deeper in it, that is no part of the shape."""
    one, other = replicates
    deeper = other * np.array([1, 7])[:, None]
    expected, found = (
        bounds_table(one, np.arange(N), training=one, replicates=np.stack([one, each], axis=1), n_resamples=5)
        for each in (other, deeper)
    )
    shape = expected.metric.isin(SHAPE.values())
    np.testing.assert_allclose(found.estimate[shape], expected.estimate[shape], rtol=1e-9)


def test_scores_stand_between_the_better_lower_bound_and_the_upper_one():
    rows = [("mean profile", "lower", 0.3, 0.2), ("shuffled", "lower", 0.4, 0.1), ("replicate", "upper", 0.1, 0.6)]
    bounds = pd.DataFrame(
        [
            {"reference": reference, "bound": bound, "metric": metric, "estimate": value}
            for reference, bound, *values in rows
            for metric, value in zip(("JSD", "profile Pearson at 1 bp"), values, strict=True)
        ]
    )
    scores = pd.DataFrame({"metric": ["JSD", "profile Pearson at 1 bp", "unknown"], "estimate": [0.15, 0.1, 1.0]})
    table = between(scores, bounds)
    np.testing.assert_allclose(table.lower, [0.3, 0.2, np.nan])
    np.testing.assert_allclose(table.upper, [0.1, 0.6, np.nan])
    np.testing.assert_allclose(table.reached, [0.75, -0.25, np.nan])
    hopeless = bounds.assign(estimate=bounds.estimate.where(bounds.bound == "lower", 0.9 * (bounds.metric == "JSD")))
    assert between(scores, hopeless).reached.isna().all()
