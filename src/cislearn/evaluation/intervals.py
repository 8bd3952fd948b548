"""Intervals by a bootstrap over clusters of loci and over seeds together.

Rows that share a locus are not independent, and a method's score varies with its seed: drawing clusters *and* seeds
with replacement carries both uncertainties into one percentile interval. Values are means over seeds, never the best.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Integer, Shaped

ManyMetric = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""``metric(labels (n,), scores (n, ...), weights (r, n)) -> (r,)``, such as `auroc_many`."""

BLOCK = 2**22
"""Weights drawn at a time (16 MB)."""


@dataclass(frozen=True)
class Estimate:
    """A number with its interval.

    Parameters
    ----------
    value : float
        Mean over seeds, on the data as they are.
    low, high : float
        Ends of the percentile interval; NaN where no resample defines the metric.
    seed_sd : float
        Standard deviation over seeds (n - 1); NaN for one seed.
    n_seeds : int
        Seeds that it is a mean of.
    undefined : float
        Share of the resamples left out because the metric is not defined on them (one class only).
    """

    value: float
    low: float
    high: float
    seed_sd: float
    n_seeds: int
    undefined: float = 0.0


def bootstrap_weights(
    clusters: Integer[np.ndarray, " n"], n_resamples: int, seed: int
) -> Float32[np.ndarray, "resamples n"]:
    """How often each row is drawn when whole clusters are drawn with replacement, as many as there are.

    Parameters
    ----------
    clusters : ndarray, shape (n,)
        Any integers; rows with the same one stay together.
    n_resamples : int
        Rows of the result.
    seed : int
        Same seed, same weights, whatever the number of resamples: the first ones agree.
    """
    return np.concatenate([np.zeros((0, len(clusters)), np.float32), *_weight_blocks(clusters, n_resamples, seed)])


def estimate(
    metric: ManyMetric,
    labels: Shaped[np.ndarray, " n"],
    scores: Shaped[np.ndarray, "seeds n *rest"],
    clusters: Integer[np.ndarray, " n"],
    *,
    n_resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """Mean of a metric over seeds, with an interval over loci and seeds.

    Parameters
    ----------
    metric : callable
        A metric of the name ``*_many``.
    labels : ndarray, shape (n,)
        Without absent ones.
    scores : ndarray, shape (seeds, n) or (seeds, n, classes)
        What the metric takes (scores, calls, logits), a row each seed. With one seed the interval is over loci only.
    clusters : ndarray, shape (n,)
        Cluster of loci of each row.
    n_resamples, level, seed
        Of the bootstrap.
    """
    observed, resampled = _under_resampling(metric, labels, scores, clusters, n_resamples, seed)
    return _summarise(observed, resampled, level, seed)


def paired_difference(
    metric: ManyMetric,
    labels: Shaped[np.ndarray, " n"],
    scores_a: Shaped[np.ndarray, "seeds n *rest"],
    scores_b: Shaped[np.ndarray, "seeds_b n *rest"],
    clusters: Integer[np.ndarray, " n"],
    *,
    n_resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """Metric of `a` minus that of `b`, with the same loci and the same seeds drawn for both.

    Seed i of `a` is compared with seed i of `b`: runs that share initialisation and order. Takes what `estimate` does.
    """
    if len(scores_a) != len(scores_b):
        raise ValueError(f"{len(scores_a)} seeds on one side and {len(scores_b)} on the other cannot be paired")
    observed_a, resampled_a = _under_resampling(metric, labels, scores_a, clusters, n_resamples, seed)
    observed_b, resampled_b = _under_resampling(metric, labels, scores_b, clusters, n_resamples, seed)
    return _summarise(observed_a - observed_b, resampled_a - resampled_b, level, seed)


def _weight_blocks(clusters: np.ndarray, n_resamples: int, seed: int) -> Iterator[Float32[np.ndarray, "block n"]]:
    names, code = np.unique(clusters, return_inverse=True)
    rng = np.random.default_rng(seed)
    step = max(1, BLOCK // max(1, len(clusters)))
    for first in range(0, n_resamples, step):
        rows = min(step, n_resamples - first)
        drawn = rng.integers(len(names), size=(rows, len(names))) if len(names) else np.zeros((rows, 0), np.int64)
        drawn += np.arange(rows)[:, None] * len(names)
        counts = np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape)
        yield np.take(counts.astype(np.float32), code, axis=1)


def _under_resampling(
    metric: ManyMetric, labels: np.ndarray, scores: np.ndarray, clusters: np.ndarray, n_resamples: int, seed: int
) -> tuple[Float64[np.ndarray, " seeds"], Float64[np.ndarray, "resamples seeds"]]:
    """Return the metric of each seed as observed, and under each resample of the clusters."""
    as_they_are = np.ones((1, len(labels)))
    observed = np.array([metric(labels, each, as_they_are)[0] for each in scores])
    resampled = [
        np.column_stack([metric(labels, each, weights) for each in scores])
        for weights in _weight_blocks(clusters, n_resamples, seed)
    ]
    return observed, np.concatenate(resampled)


def _summarise(
    observed: Float64[np.ndarray, " seeds"], resampled: Float64[np.ndarray, "resamples seeds"], level: float, seed: int
) -> Estimate:
    n_resamples, n_seeds = resampled.shape
    # A stream of its own: the same seeds are drawn whatever was drawn for the clusters.
    drawn = np.random.default_rng([seed, n_seeds]).integers(n_seeds, size=(n_resamples, n_seeds))
    means = np.take_along_axis(resampled, drawn, axis=1).mean(axis=1)
    defined = means[~np.isnan(means)]
    tail = (1 - level) / 2
    low, high = np.quantile(defined, [tail, 1 - tail]) if len(defined) else (np.nan, np.nan)
    return Estimate(
        value=float(observed.mean()),
        low=float(low),
        high=float(high),
        seed_sd=float(observed.std(ddof=1)) if n_seeds > 1 else float("nan"),
        n_seeds=n_seeds,
        undefined=1 - len(defined) / n_resamples,
    )
