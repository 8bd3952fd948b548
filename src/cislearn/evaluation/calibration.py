"""Do probabilities mean what they say? A temperature that makes them so, bins to see it in, and one number for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64, Shaped
from scipy.special import expit, ndtri, softmax

from cislearn.evaluation.weighting import binary, blocks, divide, one_row

BINS = 15
"""Bins of equal count that `calibration_error` and `reliability` sort probabilities into."""

COLDEST, HOTTEST = 0.01, 100.0
"""Ends of the temperatures that are looked for."""


def fit_temperature(labels: Shaped[np.ndarray, " n"], logits: Shaped[np.ndarray, "n ..."]) -> float:
    """Temperature T at which the probabilities of ``logits / T`` have the least log loss (Guo et al. 2017).

    One number cannot change a rank: it moves all probabilities towards equality (T > 1, the model was too sure) or
    away from it. It mends no offset, such as that of a model trained on weighted classes. The log loss is convex in
    1/T, so there is one minimum.

    Parameters
    ----------
    labels : ndarray, shape (n,)
        0 or 1, or the class; NaN where absent, and such rows are left out.
    logits : ndarray, shape (n,) or (n, classes)
        Of a binary task, or one each class.

    Returns
    -------
    float
        Between .01 and 100. The first where the logits tell the classes apart without error, for which no temperature
        is cold enough; the last where they tell nothing, or the opposite. 1, which changes nothing, where there is
        nothing to fit to: no label, labels of one class, or a logit that is not finite.
    """
    from scipy.optimize import brentq  # a third of a second that who predicts need not wait for

    labels, logits = np.asarray(labels, float), np.asarray(logits, float)
    seen = ~np.isnan(labels)
    labels, logits = labels[seen].astype(int), logits[seen]
    if logits.ndim == 1:
        logits = np.column_stack([np.zeros(len(logits)), logits])
    if len(np.unique(labels)) < 2 or not np.isfinite(logits).all():
        return 1.0
    right = np.take_along_axis(logits, labels[:, None], axis=1)[:, 0]

    def slope(inverse: float) -> float:
        """Derivative of the mean log loss by 1/T; it only rises."""
        expected = (softmax(inverse * logits, axis=1) * logits).sum(axis=1)
        return float((expected - right).mean())

    if slope(1 / HOTTEST) >= 0:
        return HOTTEST
    if slope(1 / COLDEST) <= 0:
        return COLDEST
    return float(1 / brentq(slope, 1 / HOTTEST, 1 / COLDEST, xtol=1e-9))


def probabilities(logits: Shaped[np.ndarray, "n ..."], temperature: float = 1.0) -> Float64[np.ndarray, "n ..."]:
    """Probabilities of logits at a temperature: sigmoid of one logit a row, softmax of several."""
    scaled = np.asarray(logits, float) / temperature
    return expit(scaled) if scaled.ndim == 1 else softmax(scaled, axis=1)


def reliability(
    labels: Shaped[np.ndarray, " n"],
    probability: Shaped[np.ndarray, " n"],
    n_bins: int = BINS,
    level: float = 0.95,
) -> pd.DataFrame:
    """What was predicted and what was seen, in bins of about equal count: the points of a reliability diagram.

    Parameters
    ----------
    labels : ndarray, shape (n,)
        0 or 1.
    probability : ndarray, shape (n,)
        Of label 1.
    n_bins : int
        At most; equal probabilities are never parted, so that there are fewer where many are equal.
    level : float
        Of the interval.

    Returns
    -------
    DataFrame
        A row a bin, from low probabilities to high: predicted (their mean), observed (share of label 1), low, high
        (Wilson's interval of that share, for rows that are independent) and n.
    """
    bins = _equal_bins(probability, n_bins)
    n = np.bincount(bins)
    predicted, observed = (np.bincount(bins, each) / n for each in (probability, binary(labels)))
    z = ndtri((1 + level) / 2)
    middle = (observed + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(observed * (1 - observed) / n + z**2 / (4 * n**2))
    low, high = np.maximum(middle - half, 0), np.minimum(middle + half, 1)
    return pd.DataFrame({"predicted": predicted, "observed": observed, "low": low, "high": high, "n": n})


def calibration_error(
    labels: Shaped[np.ndarray, " n"],
    probability: Shaped[np.ndarray, " n"],
    weights: Shaped[np.ndarray, " n"] | None = None,
) -> float:
    """How far probabilities are from the shares that are seen: root of the mean square over `BINS` bins, less chance.

    The plain expected calibration error is above 0 also for perfect probabilities, the more so the fewer rows there
    are, and higher still in each resample of a bootstrap. So the sampling variance of each bin is taken from its
    squared difference (Kumar et al. 2019, *Verified uncertainty calibration*), here as weights tell it; what is left
    below 0 is 0.

    Parameters
    ----------
    labels : ndarray, shape (n,)
        0 or 1.
    probability : ndarray, shape (n,)
        Of label 1.
    weights : ndarray, shape (n,), optional
        How often each row counts, as in a bootstrap; 1 each where not given.
    """
    return float(calibration_error_many(labels, probability, one_row(weights, len(labels)))[0])


def calibration_error_many(
    labels: Shaped[np.ndarray, " n"], probability: Shaped[np.ndarray, " n"], weights: Shaped[np.ndarray, "r n"]
) -> Float64[np.ndarray, " r"]:
    """`calibration_error` under each of the `r` weight vectors; the bins are those of all rows. NaN without rows."""
    residual = binary(labels) - np.asarray(probability, float)
    if np.isnan(residual).any():
        raise ValueError(f"{int(np.isnan(residual).sum()):,} of {len(residual):,} probabilities are NaN")
    if len(residual) == 0 or len(weights) == 0:
        return np.full(len(weights), np.nan)
    bins = _equal_bins(probability, BINS)
    rows = [np.flatnonzero(bins == bin_) for bin_ in range(bins.max() + 1)]
    squares = [_squared_error([(block[mine], residual[mine]) for mine in rows]) for block in blocks(weights)]
    return np.sqrt(np.maximum(np.concatenate(squares), 0))


def _squared_error(
    bins: Sequence[tuple[Shaped[np.ndarray, "_ b"], Float64[np.ndarray, " _"]]],
) -> Float64[np.ndarray, " b"]:
    """Mean over bins, each its rows' weights and residuals, of the squared mean residual less its sampling variance."""
    # Axes: which sum, which bin, which weight vector.
    sums = np.stack([_bin_sums(weights.astype(np.float64), residual) for weights, residual in bins], axis=1)
    total, first, squared, cross, spread = sums
    mean = np.divide(first, total, out=np.zeros_like(first), where=total > 0)
    variance = (spread - 2 * mean * cross + mean**2 * squared) / np.maximum(total**2, 1e-300)
    # The mean is itself of these rows: as many as there are in effect, less one, are free. One row tells no variance.
    free = 1 - squared / np.maximum(total**2, 1e-300)
    unbiased = np.divide(mean**2 * free - variance, free, out=np.zeros_like(mean), where=free > 1e-9)
    return divide((total * unbiased).sum(axis=0), total.sum(axis=0))


def _bin_sums(weights: Float64[np.ndarray, "m b"], residual: Float64[np.ndarray, " m"]) -> Float64[np.ndarray, "5 b"]:
    """Sums over the rows of w, w r, w^2, w^2 r and w^2 r^2, of weights w and residuals r."""
    powers = np.stack([np.ones(len(residual)), residual, residual**2])
    return np.concatenate([powers[:2] @ weights, powers @ weights**2])


def _equal_bins(probability: Shaped[np.ndarray, " n"], n_bins: int) -> Int64[np.ndarray, " n"]:
    """Bin of each probability, numbered from 0 without a gap; edges are quantiles, so that equal ones stay together."""
    if len(probability) == 0:
        return np.zeros(0, np.int64)
    edges = np.quantile(probability, np.linspace(0, 1, n_bins + 1)[1:-1])
    return np.unique(np.searchsorted(edges, probability), return_inverse=True)[1]
