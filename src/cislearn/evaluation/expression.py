"""Scores of predicted log ratios: error, correlations, and calls of down, base and up, with intervals over units."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Int64, Integer, Shaped

from cislearn.evaluation.intervals import Estimate
from cislearn.evaluation.regression import spearman
from cislearn.evaluation.resamples import bootstrap_weights
from cislearn.evaluation.weighting import divide
from cislearn.schema import CALLED, CALLS

__all__ = ["CALLED", "CALLS", "calls", "confusion", "expression_scores"]


def calls(values: Shaped[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
    """0 (down) for log ratios of -.5 or less, 2 (up) for .5 or more, 1 (base) between."""
    return 1 + (values >= CALLED).astype(np.int64) - (values <= -CALLED)


def confusion(labels: Shaped[np.ndarray, " n"], predicted: Shaped[np.ndarray, " n"]) -> Float64[np.ndarray, "3 3"]:
    """Shares of all pairs by true call (rows) and predicted one (columns); together 1."""
    counts = np.bincount(3 * calls(labels) + calls(predicted), minlength=9).reshape(3, 3)
    return counts / max(1, counts.sum())


def expression_scores(
    labels: Shaped[np.ndarray, " n"],
    predicted: Shaped[np.ndarray, " n"],
    units: Integer[np.ndarray, " n"],
    *,
    n_resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, Estimate]:
    """MSE, Pearson, Spearman, R2 and 3-class accuracy over pairs, with intervals over the units that were held out.

    A metric of a resample is made of sums over its units (moments and hits), so a million pairs cost no more than
    their units. Spearman's is a number of ranks, not of sums: it has no interval.

    Parameters
    ----------
    labels, predicted : ndarray, shape (n,)
        Log ratios of pairs; finite.
    units : ndarray, shape (n,), int
        What was held out together (cluster of genes, series) and is drawn whole.
    n_resamples, level, seed
        Of the bootstrap.

    Returns
    -------
    dict
        By the name of the metric. A correlation with a constant is NaN, not 0.
    """
    y, p = np.asarray(labels, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    centre = y.mean() if len(y) else 0.0  # both by the same number, which changes no metric and spares digits
    y, p = y - centre, p - centre
    names, unit = np.unique(units, return_inverse=True)
    hits = calls(np.asarray(labels)) == calls(np.asarray(predicted))
    columns = (np.ones(len(y)), y, p, y * y, p * p, y * p, hits)
    sums = np.column_stack([np.bincount(unit, weights=column, minlength=len(names)) for column in columns])
    observed = _metrics(sums.sum(axis=0, keepdims=True))
    weights = np.concatenate(list(bootstrap_weights(np.arange(len(names)), n_resamples, seed)))
    drawn = _metrics(weights.astype(np.float64) @ sums)
    if len(names) < 2:  # every draw is the one unit: no spread is no certainty
        drawn = {name: np.full(n_resamples, np.nan) for name in drawn}
    found = {name: _estimate(float(observed[name][0]), drawn[name], level) for name in observed}
    return found | {"Spearman": Estimate(spearman(y, p), np.nan, np.nan, np.nan, 1)}


def _metrics(sums: Float64[np.ndarray, "r 7"]) -> dict[str, Float64[np.ndarray, " r"]]:
    n, y, p, yy, pp, yp, hits = sums.T
    mean_y, mean_p = divide(y, n), divide(p, n)
    variance, spread = divide(yy, n) - mean_y**2, divide(pp, n) - mean_p**2
    covariance, error = divide(yp, n) - mean_y * mean_p, divide(yy - 2 * yp + pp, n)
    spread = np.where(spread > 1e-12 * np.maximum(divide(pp, n), 1e-300), spread, 0.0)  # rounding alone is no variance
    return {
        "MSE": error,
        "Pearson": divide(covariance, np.sqrt(variance * spread)),
        "R2": 1 - divide(error, variance),
        "accuracy": divide(hits, n),
    }


def _estimate(value: float, drawn: Float64[np.ndarray, " r"], level: float) -> Estimate:
    defined = drawn[~np.isnan(drawn)]
    tail = (1 - level) / 2
    low, high = np.quantile(defined, [tail, 1 - tail]) if len(defined) else (np.nan, np.nan)
    return Estimate(value, float(low), float(high), np.nan, 1, 1 - len(defined) / max(1, len(drawn)))
