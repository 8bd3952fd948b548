"""How far apart two domains lie in feature space, as a linear classifier sees it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Integer, Shaped

from cislearn.evaluation.domain_classifier import balanced_error, fit_domain_classifier
from cislearn.evaluation.halves import hold_out_half
from cislearn.evaluation.intervals import estimate
from cislearn.evaluation.weighting import divide, weighted_sums


@dataclass(frozen=True)
class DomainDistance:
    """The proxy A-distance of two sets of features, between 0 (alike) and 2 (told apart without error).

    Parameters
    ----------
    value, low, high : float
        The distance and its percentile interval over held-out clusters of loci.
    error : float
        Balanced held-out error of the classifier; .5 is chance.
    strength : float
        The C that inner cross-validation chose.
    n_source, n_target : int
        Held-out rows of either domain.
    """

    value: float
    low: float
    high: float
    error: float
    strength: float
    n_source: int
    n_target: int


def proxy_a_distance(
    features: Float64[np.ndarray, "n f"],
    is_target: Bool[np.ndarray, " n"],
    clusters: Integer[np.ndarray, " n"],
    *,
    max_rows: int = 1500,
    n_resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> DomainDistance | None:
    """Proxy A-distance ``max(0, 2 (1 - 2 error))`` of a logistic regression that tells two domains apart.

    One half of the loci fits the classifier, the other measures its balanced error (Ben-David et al. 2007). The bracket
    of the empirical divergence is the *sum* of the two domains' error rates, twice this error. A window that is in both
    domains is on one side only, where it can be told by neither. It is a diagnosis, not a score: a method can lower it
    and gain nothing, and under a label shift a distance of 0 is harm.

    Parameters
    ----------
    features : ndarray, shape (n, f)
        Frozen and `standardised`, a row an example.
    is_target : ndarray, shape (n,), bool
        Which domain each row is of.
    clusters : ndarray, shape (n,)
        Cluster of loci of each row.
    max_rows : int
        Of each domain; more are thinned out at random.
    n_resamples, level : int, float
        Of the interval: held-out clusters are drawn with replacement, the classifier stays.
    seed : int
        Of thinning, halving and resampling.

    Returns
    -------
    DomainDistance or None
        None where a half has fewer than 6 rows of a domain.
    """
    rng = np.random.default_rng(seed)
    rows = np.concatenate([_thin(np.flatnonzero(is_target == side), max_rows, rng) for side in (False, True)])
    is_target, clusters = is_target[rows], clusters[rows]
    held_out = hold_out_half(clusters, is_target, rng)
    if held_out is None:
        return None
    features = features[rows]
    fitted, strength = fit_domain_classifier(features[~held_out], is_target[~held_out], clusters[~held_out], rng)
    is_target, clusters = is_target[held_out], clusters[held_out]
    wrong = fitted.predict(features[held_out]) != is_target
    found = estimate(distance_many, is_target, wrong[None], clusters, n_resamples=n_resamples, level=level, seed=seed)
    sizes = int((~is_target).sum()), int(is_target.sum())
    return DomainDistance(found.value, found.low, found.high, balanced_error(wrong, is_target), strength, *sizes)


def distance_many(
    is_target: Bool[np.ndarray, " n"], wrong: Bool[np.ndarray, " n"], weights: Shaped[np.ndarray, "r n"]
) -> Shaped[np.ndarray, " r"]:
    """Distance from the errors of each row under each of `r` weight vectors; NaN where a domain has no weight."""
    sums = weighted_sums(weights, np.stack([~is_target, is_target, ~is_target & wrong, is_target & wrong], axis=1))
    rates = divide(sums[:, 2], sums[:, 0]) + divide(sums[:, 3], sums[:, 1])
    return np.maximum(0.0, 2 * (1 - rates))


def _thin(rows: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))
