"""What a profile metric lies between: predictions that know no sequence, and the experiment done again."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64, Integer, Shaped

from cislearn.errors import UserError
from cislearn.evaluation.intervals import estimates
from cislearn.evaluation.profiles.families import shape_scores
from cislearn.evaluation.profiles.names import SHAPE
from cislearn.evaluation.profiles.panels import profile_panels
from cislearn.evaluation.profiles.shapes import observed_shapes

MEAN, SHUFFLED, REPLICATE, HALVES = "mean profile", "shuffled", "replicate", "pseudo-replicates"
LOWER = (MEAN, SHUFFLED)
SMALLER_IS_BETTER = ("JSD",)


def mean_shape(profiles: Shaped[np.ndarray, "n s l"]) -> Float64[np.ndarray, "s l"]:
    """Mean over loci of the shape of each strand, so that a deep locus counts no more than another.

    A strand without reads has no shape and does not count; one that has none at any locus is flat.
    """
    mean = observed_shapes(profiles).sum(axis=0)
    mean[mean.sum(axis=1) == 0] = 1.0
    return mean / mean.sum(axis=1, keepdims=True)


def another_locus(n: int, seed: int = 0) -> Int64[np.ndarray, " n"]:
    """For each of `n` loci another one, each used once: a random cycle, in which none is its own.

    Raises
    ------
    ValueError
        For fewer than two loci.
    """
    if n < 2:
        raise ValueError(f"{n} loci cannot be shuffled")
    order = np.random.default_rng(seed).permutation(n)
    other = np.empty(n, np.int64)
    other[order] = np.roll(order, 1)
    return other


def thinned(
    profiles: Shaped[np.ndarray, "n s l"], seed: int = 0
) -> tuple[Int64[np.ndarray, "n s l"], Int64[np.ndarray, "n s l"]]:
    """Two pseudo-replicates: each read goes to one or the other, by a fair coin.

    Each has half of the reads, so they agree less than two replicates of full depth would.

    Raises
    ------
    UserError
        Where the values are no counts of reads.
    """
    counts = np.asarray(profiles)
    if not (np.isfinite(counts).all() and (counts >= 0).all() and (counts == np.floor(counts)).all()):
        raise UserError(
            "pseudo-replicates are made of counts of reads, and these profiles are no whole numbers of at least 0",
            fix="Give unscaled counts of read ends, or a second replicate.",
        )
    counts = counts.astype(np.int64)
    one = np.random.default_rng(seed).binomial(counts, 0.5)
    return one, counts - one


def bounds_table(
    observed: Shaped[np.ndarray, "n s l"],
    clusters: Integer[np.ndarray, " n"],
    *,
    training: Shaped[np.ndarray, "m s l"],
    replicates: Shaped[np.ndarray, "n r s l"] | None = None,
    n_resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Score what bounds a prediction of these loci from below and from above: its shape, and the order of its counts.

    Losses have no bound here: a shape of reads gives bases without any no probability, and the counts of another
    replicate are off by its depth.

    Parameters
    ----------
    observed : ndarray, shape (n, strands, length)
        Reads of the loci that predictions are scored on.
    clusters : ndarray, shape (n,)
        Cluster of loci of each.
    training : ndarray, shape (m, strands, length)
        Reads of the training loci, whose mean shape is predicted everywhere; its counts are one number, so they have no
        correlation.
    replicates : ndarray, shape (n, replicates, strands, length), optional
        The reads by replicate, NaN where a locus has fewer: the first is what is predicted, and the others together are
        the prediction. Pseudo-replicates by `thinned` where there are none, or a locus has one alone.
    n_resamples, level, seed
        Of the bootstrap; the seed also shuffles and thins.

    Returns
    -------
    DataFrame
        Columns reference (mean profile, shuffled, replicate or pseudo-replicates), bound (lower, upper), metric,
        estimate, low, high.
    """
    shuffled = observed[another_locus(len(observed), seed)]
    everywhere = np.broadcast_to(mean_shape(training), observed.shape)
    flat = np.full(len(observed), _log_counts(training).mean())
    pair = _apart(replicates)
    first, second = thinned(observed, seed) if pair is None else pair
    compared = {
        MEAN: (observed, everywhere, flat),
        SHUFFLED: (observed, observed_shapes(shuffled), _log_counts(shuffled)),
        HALVES if pair is None else REPLICATE: (first, observed_shapes(second), _log_counts(second)),
    }
    bootstrap: dict[str, Any] = {"n_resamples": n_resamples, "level": level, "seed": seed}
    rows = []
    for reference, (reads, shapes, counts) in compared.items():
        panels = profile_panels(counts[None], shape_scores(reads, shapes)[None], tuple(SHAPE.values()))
        for metric, found in estimates(panels, reads.sum(axis=(1, 2)), clusters, **bootstrap).items():
            row = {"reference": reference, "bound": "lower" if reference in LOWER else "upper", "metric": metric}
            rows.append(row | {"estimate": found.value, "low": found.low, "high": found.high})
    return pd.DataFrame(rows)


def _apart(
    replicates: Shaped[np.ndarray, "n r s l"] | None,
) -> tuple[Shaped[np.ndarray, "n s l"], Float64[np.ndarray, "n s l"]] | None:
    """The first replicate and the sum of the others; None where a locus has no other."""
    if replicates is None or replicates.shape[1] < 2:
        return None
    one, others = replicates[:, 0], replicates[:, 1:]
    has_both = ~np.isnan(one).any(axis=(1, 2)) & ~np.isnan(others).any(axis=(2, 3)).all(axis=1)
    return (one, np.nan_to_num(others).sum(axis=1, dtype=np.float64)) if has_both.all() else None


def _log_counts(profiles: Shaped[np.ndarray, "n s l"]) -> Float64[np.ndarray, " n"]:
    """Log of one and the reads of all strands together."""
    return np.log1p(profiles.sum(axis=(1, 2), dtype=np.float64))


def between(
    scores: pd.DataFrame, bounds: pd.DataFrame, *, smaller_is_better: Collection[str] = SMALLER_IS_BETTER
) -> pd.DataFrame:
    """Scores with the bounds that they lie between.

    Parameters
    ----------
    scores : DataFrame
        Columns metric and estimate, as `score_table` gives.
    bounds : DataFrame
        As `bounds_table` gives.
    smaller_is_better : collection of str
        Metrics of which a smaller value is the better one.

    Returns
    -------
    DataFrame
        `scores` with the columns lower (the better of the lower bounds), upper, and reached: 0 at the lower bound, 1 at
        the upper one, below or above where a score lies outside, NaN where the upper bound is no better than the lower.
    """
    signs = [-1 if metric in smaller_is_better else 1 for metric in scores["metric"]]
    each = list(zip(scores["metric"], signs, strict=True))
    lower, upper = (np.array([_best(bounds, *one, bound) for one in each]) for bound in ("lower", "upper"))
    room = np.where(upper > lower, upper - lower, np.nan)
    reached = (np.array(signs) * scores["estimate"].to_numpy() - lower) / room
    return scores.assign(lower=np.array(signs) * lower, upper=np.array(signs) * upper, reached=reached)


def _best(bounds: pd.DataFrame, metric: str, sign: int, bound: str) -> float:
    """The best reference of one side, as a number of which more is better."""
    return float((sign * bounds.loc[(bounds["metric"] == metric) & (bounds["bound"] == bound), "estimate"]).max())
