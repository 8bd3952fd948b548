"""Intervals by a bootstrap over clusters of loci and over seeds together.

Rows that share a locus are not independent, and a method's score varies with its seed: drawing clusters *and* seeds
with replacement carries both uncertainties into one percentile interval. Values are means over seeds, never the best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Integer, Shaped

from cislearn.evaluation.resamples import ManyMetric, Panel, Resamples

FEWEST = 5
"""Clusters below which no interval is given. Of 95 % those over two had half, over three three quarters, and over one
cluster every resample is the data themselves."""


@dataclass(frozen=True)
class Estimate:
    """A number with its interval.

    Parameters
    ----------
    value : float
        Mean over seeds, on the data as they are.
    low, high : float
        Ends of the percentile interval; NaN where no resample defines the metric, or there are fewer clusters than
        `FEWEST`.
    seed_sd : float
        Standard deviation over seeds (n - 1); NaN for one seed.
    n_seeds : int
        Seeds that it is a mean of.
    undefined : float
        Share of the resamples left out because the metric is not defined on them (one class only); NaN where none was
        drawn, as of fewer clusters than `FEWEST`.
    """

    value: float
    low: float
    high: float
    seed_sd: float
    n_seeds: int
    undefined: float = 0.0


def estimate(
    metric: ManyMetric,
    labels: Shaped[np.ndarray, "n ..."],
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
    labels : ndarray, shape (n, ...)
        Without absent ones; what the metric takes.
    scores : ndarray, shape (seeds, n) or (seeds, n, classes)
        What the metric takes (scores, calls, logits), a row each seed. With one seed the interval is over loci only.
    clusters : ndarray, shape (n,)
        Cluster of loci of each row.
    n_resamples, level, seed
        Of the bootstrap.
    """
    return estimates([Panel(("",), metric, scores)], labels, clusters, n_resamples=n_resamples, level=level, seed=seed)[
        ""
    ]


def estimates(
    panels: Sequence[Panel],
    labels: Shaped[np.ndarray, "n ..."],
    clusters: Integer[np.ndarray, " n"],
    *,
    n_resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
    resamples: Resamples | None = None,
) -> dict[str, Estimate]:
    """`estimate` of each metric of each panel by its name, on the same resamples, which are drawn once.

    Give the same `resamples` to all that is estimated of the same data, and nothing is computed twice.
    """
    found = _by_name(panels, labels, clusters, n_resamples, seed, resamples or Resamples())
    return {name: _summarise(*values, level, seed) for name, values in found.items()}


def paired_difference(
    metric: ManyMetric,
    labels: Shaped[np.ndarray, "n ..."],
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
    a, b = Panel(("",), metric, scores_a), Panel(("",), metric, scores_b)
    return paired_differences([a], [b], labels, clusters, n_resamples=n_resamples, level=level, seed=seed)[""]


def paired_differences(
    panels: Sequence[Panel],
    baseline: Sequence[Panel],
    labels: Shaped[np.ndarray, "n ..."],
    clusters: Integer[np.ndarray, " n"],
    *,
    n_resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
    resamples: Resamples | None = None,
) -> dict[str, Estimate]:
    """`paired_difference` of each metric that both sides have, by its name, on the same resamples."""
    theirs = {panel.names: panel for panel in baseline}
    ours = [panel for panel in panels if panel.names in theirs]
    for panel in ours:
        if len(panel.scores) != len(theirs[panel.names].scores):
            n_a, n_b = len(panel.scores), len(theirs[panel.names].scores)
            raise ValueError(f"{n_a} seeds on one side and {n_b} on the other cannot be paired")
    resamples = resamples or Resamples()
    found_a = _by_name(ours, labels, clusters, n_resamples, seed, resamples)
    found_b = _by_name([theirs[panel.names] for panel in ours], labels, clusters, n_resamples, seed, resamples)
    return {
        name: _summarise(observed - found_b[name][0], resampled - found_b[name][1], level, seed)
        for name, (observed, resampled) in found_a.items()
    }


def _by_name(
    panels: Sequence[Panel],
    labels: np.ndarray,
    clusters: np.ndarray,
    n_resamples: int,
    seed: int,
    resamples: Resamples,
) -> dict[str, tuple[Float64[np.ndarray, " seeds"], Float64[np.ndarray, "resamples seeds"]]]:
    """Each metric of each seed as observed, and under each resample of the clusters; of few of these under none."""
    n_drawn = n_resamples if len(np.unique(clusters)) >= FEWEST else 0
    values = resamples.values(panels, labels, clusters, n_drawn, seed)
    return {
        name: (each[0, :, k], each[1:, :, k])
        for panel, each in zip(panels, values, strict=True)
        for k, name in enumerate(panel.names)
    }


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
        undefined=1 - len(defined) / n_resamples if n_resamples else float("nan"),
    )
