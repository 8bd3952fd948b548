"""How frequent positives are in a domain without labels, if only their share differs from the source (label shift).

Both estimates assume that positives look alike in both domains, and negatives too. In every function rows of the target
are those whose label is NaN, so none of them can read a target label.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64, Shaped

from cislearn.evaluation.weighting import divide, vectors, weighted_sums

HALVINGS = 40
"""Of the interval in which the likeliest prevalence is looked for: to one part in a million million."""


def source_prevalence_many(
    labels: Shaped[np.ndarray, " n"], scores: Shaped[np.ndarray, " n"], weights: Shaped[np.ndarray, "r n"]
) -> Float64[np.ndarray, " r"]:
    """Share of positives among the rows with a label, under each weight vector; `scores` play no part in it."""
    seen = ~np.isnan(labels)
    sums = weighted_sums(weights[:, seen], np.stack([labels[seen], np.ones(int(seen.sum()))], axis=1))
    return divide(sums[:, 0], sums[:, 1])


def black_box_prevalence_many(
    labels: Shaped[np.ndarray, " n"], calls: Bool[np.ndarray, " n"], weights: Shaped[np.ndarray, "r n"]
) -> Float64[np.ndarray, " r"]:
    """Prevalence of the target that explains its share of positive calls (Lipton et al. 2018, black-box shift).

    With the share ``t`` of the source's positives that are called and the share ``f`` of its negatives, a target of
    prevalence ``p`` has a share of calls ``p t + (1 - p) f``; solved for ``p`` and kept between 0 and 1.

    Parameters
    ----------
    labels : ndarray, shape (n,)
        0 or 1 of source rows that the model was not trained on, NaN of target rows.
    calls : ndarray, shape (n,), bool
        The model's calls of all rows.
    weights : ndarray, shape (r, n)
        How often each row counts.

    Returns
    -------
    ndarray, shape (r,)
        NaN where positives are called no more often than negatives: then calls tell nothing.
    """
    is_target = np.isnan(labels)
    groups = np.stack([labels == 1, labels == 0, is_target], axis=1)
    sums = weighted_sums(weights, np.concatenate([groups, groups & calls[:, None]], axis=1))
    hit, false, called = (divide(sums[:, 3 + k], sums[:, k]) for k in range(3))
    power = np.where(hit > false, hit - false, 0.0)
    return np.clip(divide(called - false, power), 0, 1)


def likeliest_prevalence_many(
    labels: Shaped[np.ndarray, " n"], probability: Shaped[np.ndarray, " n"], weights: Shaped[np.ndarray, "r n"]
) -> Float64[np.ndarray, " r"]:
    """Prevalence of the target under which its calibrated probabilities are likeliest (Saerens et al. 2002).

    Saerens' expectation maximisation climbs the likelihood of ``p L1(x) + (1 - p) L0(x)``, where ``L1`` is the
    probability over the source's prevalence and ``L0`` one minus it over one minus that. The likelihood is
    concave in ``p``, so halving an interval finds the same maximum in fewer steps.

    Parameters
    ----------
    labels : ndarray, shape (n,)
        0 or 1 of source rows that the probabilities were calibrated on, NaN of target rows.
    probability : ndarray, shape (n,)
        Of label 1, calibrated on the source.
    weights : ndarray, shape (r, n)
        How often each row counts.

    Returns
    -------
    ndarray, shape (r,)
        NaN where the source has labels of one class only, or the target has no row.
    """
    is_target = np.isnan(labels)
    source = source_prevalence_many(labels, probability, weights)
    chance = np.clip(np.asarray(probability, float)[is_target], 1e-9, 1 - 1e-9)
    found, done = [np.zeros(0)], 0
    for block in vectors(weights[:, is_target]):
        found.append(_climb(block, source[done : done + len(block)], chance))
        done += len(block)
    return np.concatenate(found)


def _climb(
    weights: Float64[np.ndarray, "b n"], source: Float64[np.ndarray, " b"], chance: Float64[np.ndarray, " n"]
) -> Float64[np.ndarray, " b"]:
    """Halve the interval at the sign of the likelihood's slope, for each weight vector."""
    is_defined = (source > 0) & (source < 1) & (weights.sum(axis=1) > 0)
    prior = np.where(is_defined, source, 0.5)[:, None]
    positive, negative = chance / prior, (1 - chance) / (1 - prior)
    low, high = np.zeros(len(weights)), np.ones(len(weights))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        mixed = middle[:, None] * positive + (1 - middle[:, None]) * negative
        rises = (weights * (positive - negative) / mixed).sum(axis=1) > 0
        low, high = np.where(rises, middle, low), np.where(rises, high, middle)
    return np.where(is_defined, (low + high) / 2, np.nan)


def at_prevalence(probability: Shaped[np.ndarray, " n"], source: float, target: float) -> Float64[np.ndarray, " n"]:
    """Return probabilities that are calibrated at one share of positives as they are at another, under label shift.

    The odds are multiplied by those of the target over those of the source (Saerens et al. 2002, eq. 2.4). No rank
    changes.

    Parameters
    ----------
    probability : ndarray, shape (n,)
        Of label 1.
    source, target : float
        Between 0 and 1: the share that the probabilities are calibrated for, and the one that is assumed.
    """
    positive = np.asarray(probability, float) * (target / source)
    negative = (1 - np.asarray(probability, float)) * ((1 - target) / (1 - source))
    return positive / (positive + negative)
