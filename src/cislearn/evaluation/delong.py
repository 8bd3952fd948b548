"""AUROC's interval and test by DeLong, DeLong and Clarke-Pearson (1988), in the time that it takes to sort.

They take rows as independent. Windows of one locus are not, and a method's seeds differ: for those the bootstrap over
clusters and seeds (`cislearn.evaluation.intervals`) is the default of every table, and these are for one column of
scores on rows that no locus binds together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Shaped
from scipy.special import expit, logit, ndtr, ndtri
from scipy.stats import rankdata

from cislearn.evaluation.handed_in import how_many_are_nan
from cislearn.evaluation.weighting import binary


class DeLong(NamedTuple):
    """An AUROC, its standard error and the ends of its interval; NaN where they are not defined."""

    auroc: float
    se: float
    low: float
    high: float


class DeLongDifference(NamedTuple):
    """AUROC of `a` minus that of `b` on the same rows, its standard error, interval and two-sided p value."""

    difference: float
    se: float
    low: float
    high: float
    p: float


NAN = float("nan")


def delong(labels: Shaped[np.ndarray, " n"], scores: Shaped[np.ndarray, " n"], level: float = 0.95) -> DeLong:
    """AUROC with its standard error by DeLong and an interval made on the scale of its logit.

    On that scale the interval stays between 0 and 1 and holds the truth as often as it says also where the AUROC is
    near 1 and positives are few; the symmetric one does not.

    Parameters
    ----------
    labels : ndarray, shape (n,)
        0 or 1, at least two of either; else all but the AUROC is NaN.
    scores : ndarray, shape (n,)
        Any numbers that grow with the chance of a positive; ties count half.
    level : float
        Of the interval. It has no ends where the AUROC is 0 or 1: its variance is then 0, which says nothing.

    Raises
    ------
    ValueError
        Where a score is NaN or a label is neither 0 nor 1.
    """
    areas, covariance = _areas(labels, np.asarray(scores)[None])
    area, se = float(areas[0]), float(np.sqrt(covariance[0, 0]))
    if not (0 < area < 1 and se > 0):
        return DeLong(area, se, NAN, NAN)
    half = ndtri((1 + level) / 2) * se / (area * (1 - area))
    return DeLong(area, se, float(expit(logit(area) - half)), float(expit(logit(area) + half)))


def delong_difference(
    labels: Shaped[np.ndarray, " n"],
    scores_a: Shaped[np.ndarray, " n"],
    scores_b: Shaped[np.ndarray, " n"],
    level: float = 0.95,
) -> DeLongDifference:
    """Paired test of two columns of scores on the same rows, normal on the scale of the difference.

    Where both rank every pair alike the difference is 0, its interval (0, 0) and p 1. Where a difference has no
    variance, since both tell the classes apart or neither does, interval and p are NaN. Takes what `delong` does.
    """
    areas, covariance = _areas(labels, np.stack([scores_a, scores_b]))
    difference = float(areas[0] - areas[1])
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    se = float(np.sqrt(max(variance, 0)))
    if np.isnan(se) or (se < 1e-12 and abs(difference) > 1e-12):
        return DeLongDifference(difference, se, NAN, NAN, NAN)
    half = float(ndtri((1 + level) / 2) * se)
    p = 1.0 if se < 1e-12 else float(2 * ndtr(-abs(difference) / se))
    return DeLongDifference(difference, se, difference - half, difference + half, p)


def _areas(
    labels: Shaped[np.ndarray, " n"], scores: Shaped[np.ndarray, "k n"]
) -> tuple[Float64[np.ndarray, " k"], Float64[np.ndarray, "k k"]]:
    """AUROC of each of the `k` columns and their covariance (Sun and Xu 2014).

    A row's mid-rank among all less that among its own class counts the rows of the other class that it beats.
    """
    positive = binary(labels)
    missing = how_many_are_nan(scores.T)
    if missing:
        raise ValueError(missing)
    m, n = int(positive.sum()), int((~positive).sum())
    if m == 0 or n == 0:
        return np.full(len(scores), np.nan), np.full((len(scores), len(scores)), np.nan)
    ranks = rankdata(scores, axis=1)
    beaten = (ranks[:, positive] - rankdata(scores[:, positive], axis=1)) / n
    beating = 1 - (ranks[:, ~positive] - rankdata(scores[:, ~positive], axis=1)) / m
    if min(m, n) < 2:
        return beaten.mean(axis=1), np.full((len(scores), len(scores)), np.nan)
    covariance = np.atleast_2d(np.cov(beaten)) / m + np.atleast_2d(np.cov(beating)) / n
    return beaten.mean(axis=1), covariance
