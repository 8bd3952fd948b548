"""Profile metrics over loci: means, correlations of counts, their intervals and differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from cislearn.errors import UserError
from cislearn.evaluation.profiles.families import FAMILIES, locus_values, shape_scores
from cislearn.evaluation.profiles.names import COUNTS, MEANS, SHAPE
from cislearn.evaluation.profiles.shapes import expected_reads, log_counts, observed_shapes, split_logits
from cislearn.evaluation.tables import comparison_table, score_table
from cislearn.experiment.profile_scores import predicted_profiles, profile_scores
from cislearn.schema import DataSpec, TaskSpec

N, S, L = 80, 2, 50
TASK = TaskSpec("nexus", "profile", channels=S, out_length=L, rc="flip_and_permute")


@pytest.fixture
def observed(rng):
    """Reads about a site that lies elsewhere at each locus, more of them at some loci than at others."""
    shape = np.exp(-(((np.arange(L) - rng.integers(10, 40, (N, S, 1))) / 3) ** 2)) + 0.02
    return rng.poisson(shape * rng.gamma(2, 3, (N, 1, 1))).astype(np.float32)


def logits_of(observed, rng, noise, seeds=2):
    """Predictions that know the truth but for some noise."""
    shape = np.log(observed + 0.5)[None] + noise * rng.normal(size=(seeds, N, S, L))
    counts = log_counts(observed)[None] + noise * rng.normal(size=(seeds, N, S))
    return np.concatenate([shape.reshape(seeds, N, -1), counts], axis=2).astype(np.float32)


def scored(observed, logits):
    """Labels and scores of the rows as an experiment keeps them, a row each seed."""
    each = [profile_scores(TASK, observed, predicted_profiles(TASK, of_seed)) for of_seed in logits]
    return observed.sum(axis=(1, 2)), np.stack([np.column_stack(list(columns.values())) for columns in each])


def table_of(observed, logits, clusters=None, **bootstrap):
    clusters = np.arange(len(observed)) if clusters is None else clusters
    return score_table("profile", *scored(observed, logits), clusters, **bootstrap).set_index("metric")


def differences(observed, ours, theirs, **bootstrap):
    labels, scores = scored(observed, ours)
    baseline = scored(observed, theirs)[1]
    return comparison_table("profile", labels, scores, baseline, np.arange(len(labels)), **bootstrap).set_index(
        "metric"
    )


def test_logits_are_split_as_the_schema_orders_them(rng):
    spec = DataSpec((TaskSpec("bound"), TASK), ("k562",), length=100)
    logits = rng.normal(size=(3, spec.n_logits))
    shapes, counts = split_logits(logits[:, spec.columns("nexus")], S)
    assert shapes.shape == (3, S, L)
    np.testing.assert_allclose(shapes.sum(axis=2), 1)
    np.testing.assert_allclose(np.log(shapes[1, 1] / shapes[1, 1, 0]), logits[1, 1 + L : 1 + 2 * L] - logits[1, 1 + L])
    np.testing.assert_array_equal(counts, logits[:, -S:])


def test_reads_are_shape_times_counts_and_back(observed):
    reads = expected_reads(observed_shapes(observed), log_counts(observed))
    np.testing.assert_allclose(reads, observed, rtol=1e-6)
    assert (expected_reads(np.full((1, 1, 4), 0.25), np.array([[-2.0]])) == 0).all()


def test_table_holds_means_over_loci_and_seeds(observed, rng):
    logits = logits_of(observed, rng, 0.5)
    table = table_of(observed, logits, n_resamples=40)
    assert list(table.index) == [*MEANS.values(), *COUNTS]
    assert (table.n == N).all() and table.n_positive.isna().all() and (table.n_seeds == 2).all()
    for name, family in FAMILIES.items():
        values = np.stack([locus_values(observed, split_logits(each, S)[0], name) for each in logits])
        for metric, columns in family.columns.items():
            by_seed = values[:, :, columns].mean(axis=(1, 2))
            assert table.estimate[metric] == pytest.approx(by_seed.mean(), rel=1e-5)
            assert table.seeds_sd[metric] == pytest.approx(by_seed.std(ddof=1), rel=1e-3)
            assert table.low[metric] < table.estimate[metric] < table.high[metric]
    truth, counts = np.log1p(observed.sum(axis=(1, 2))), np.expm1(logits[:, :, -S:].astype(float)).clip(0)
    for metric, of in zip(COUNTS, (stats.pearsonr, stats.spearmanr), strict=True):
        found = [of(truth, np.log1p(seed.sum(axis=1))).statistic for seed in counts]
        assert table.estimate[metric] == pytest.approx(np.mean(found), abs=1e-4)


def test_metrics_of_both_families_are_the_columns_that_rows_have():
    assert list(SHAPE.values()) == [metric for family in FAMILIES.values() for metric in family.columns]


def test_loci_without_a_label_are_left_out_whatever_is_predicted(observed, rng):
    logits = logits_of(observed, rng, 0.5)
    known = table_of(observed, logits, n_resamples=10)
    more = np.concatenate([observed, np.full((5, S, L), np.nan, np.float32)])
    nan = np.full((2, 5, logits.shape[2]), np.nan, np.float32)
    assert table_of(more, np.concatenate([logits, nan], axis=1), n_resamples=10).equals(known)
    logits[0, 3, 7] = np.nan
    with pytest.raises(UserError, match="1 of 80 scores are NaN, the first in row 3"):
        table_of(observed, logits, n_resamples=5)


def test_bases_without_a_value_are_told_from_loci_without_a_label(observed, rng):
    """trap 15: a reader that gives NaN for uncovered bases would leave nearly every locus out in silence."""
    observed[observed == 0] = np.nan
    with pytest.raises(UserError, match=r"80 of 80 profiles are NaN at some bases, the first in row 0(.|\n)*as 0"):
        table_of(observed, logits_of(np.nan_to_num(observed), rng, 0.5), n_resamples=5)


def test_undefined_loci_are_left_out_of_a_mean_for_all_seeds_and_counted(observed, rng):
    """trap 21: they are neither 0 nor does a seed that calls them off have easier loci than another."""
    logits = logits_of(observed, rng, 0.5)
    observed[:6] = 0
    logits[1, 6:16, : S * L] = 0.0  # one seed predicts flat profiles at ten more loci
    table = table_of(observed, logits, n_resamples=20)
    assert table.n["JSD"] == N - 6 and table.n["counts Pearson"] == table.n["profile NLL"] == N
    alone = table_of(observed[16:], logits[:, 16:], n_resamples=20)
    for metric in ("profile Pearson at 5 bp", "profile Spearman at 1 bp", "published Pearson"):
        assert table.n[metric] == N - 16
        assert table.estimate[metric] == pytest.approx(alone.estimate[metric])


def test_profiles_that_hold_no_two_bins_have_no_correlation_in_them(rng):
    observed = rng.poisson(5.0, (30, S, 9)).astype(float)
    found = shape_scores(observed, observed / observed.sum(2, keepdims=True))
    defined = dict(zip(SHAPE.values(), ~np.isnan(found).any(axis=0), strict=True))
    assert defined["JSD"] and defined["profile Pearson at 1 bp"]
    assert not defined["profile Pearson at 5 bp"] and not defined["profile Spearman at 10 bp"]


def test_comparison_is_paired_over_the_loci_that_both_sides_have(observed, rng):
    better, worse = logits_of(observed, rng, 0.3), logits_of(observed, rng, 1.0)
    table = differences(observed, better, worse, n_resamples=60)
    assert table.high["JSD"] < 0 < table.low["profile Pearson at 1 bp"] and table.low["counts Pearson"] > 0
    assert table.high["profile NLL"] < 0 and table.high["counts MSE"] < 0
    assert (differences(observed, worse, worse, n_resamples=20).difference == 0).all()
    worse[:, :30, : S * L] = 0.0  # flat: no correlation there, so these loci are of neither side
    table = differences(observed, better, worse, n_resamples=20)
    rest = differences(observed[30:], better[:, 30:], worse[:, 30:], n_resamples=5)
    name = "profile Pearson at 1 bp"
    assert table.n[name] == N - 30 and table.n["JSD"] == N
    assert table.difference[name] == pytest.approx(rest.difference[name])


def test_loci_that_repeat_each_other_widen_the_interval(observed, rng):
    """Eighty windows of eight clusters are eight, for shapes and for counts."""
    logits = logits_of(observed, rng, 1.0, seeds=1)
    eight = np.arange(N) % 8
    observed, logits = observed[eight], logits[:, eight]
    apart, together = (table_of(observed, logits, clusters, n_resamples=300) for clusters in (np.arange(N), eight))
    assert ((together.high - together.low) > 1.5 * (apart.high - apart.low)).all()


def test_deep_loci_alone_predict_no_shape(rng):
    """trap 20: one correlation over all bases of all loci is high where only the depth of each locus is known."""
    depth = rng.gamma(0.2, 100, (N, 1, 1))
    observed = rng.poisson(depth * rng.gamma(1, 1, (N, S, L))).astype(float)
    shapes = rng.gamma(5, 1, (N, S, L))
    counts = log_counts(observed)
    logits = np.concatenate([np.log(shapes).reshape(N, -1), counts], axis=1)[None]
    pooled = np.corrcoef(expected_reads(split_logits(logits[0], S)[0], counts).ravel(), observed.ravel())[0, 1]
    table = table_of(observed, logits, n_resamples=10)
    assert pooled > 0.6 and abs(table.estimate["profile Pearson at 1 bp"]) < 0.05


def test_strands_of_unlike_depth_are_no_counts_that_were_predicted(rng):
    """Strands of unlike depth correlate when they are pooled, with nothing predicted; one number a locus does not."""
    observed = rng.poisson(np.array([1.0, 30.0])[:, None], (N, S, L)).astype(float)
    counts = np.array([3.0, 7.0]) + 0.1 * rng.normal(size=(N, S))
    logits = np.concatenate([rng.normal(size=(N, S * L)), counts], axis=1)[None]
    assert np.corrcoef(log_counts(observed).ravel(), counts.ravel())[0, 1] > 0.9
    assert abs(table_of(observed, logits, n_resamples=10).estimate["counts Pearson"]) < 0.3
