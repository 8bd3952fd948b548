"""Scores of real-valued predictions: Pearson and Spearman correlation, R2 and mean squared error, weighted."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Shaped

from cislearn.evaluation.calls import weighted_mean_many
from cislearn.evaluation.weighting import divide, one_row, vectors, weighted_sums


class _Moments(NamedTuple):
    variance: Float64[np.ndarray, " r"]
    variance_predicted: Float64[np.ndarray, " r"]
    covariance: Float64[np.ndarray, " r"]


def pearson(
    labels: Shaped[np.ndarray, " n"],
    predicted: Shaped[np.ndarray, " n"],
    weights: Shaped[np.ndarray, " n"] | None = None,
) -> float:
    """Pearson correlation; NaN, not 0, where labels or predictions are constant or there are fewer than two rows."""
    return float(pearson_many(labels, predicted, one_row(weights, len(labels)))[0])


def pearson_many(
    labels: Shaped[np.ndarray, " n"], predicted: Shaped[np.ndarray, " n"], weights: Shaped[np.ndarray, "r n"]
) -> Float64[np.ndarray, " r"]:
    """`pearson` under each of the `r` weight vectors."""
    moments = _moments(labels, predicted, weights)
    return divide(moments.covariance, np.sqrt(moments.variance * moments.variance_predicted))


def spearman(
    labels: Shaped[np.ndarray, " n"],
    predicted: Shaped[np.ndarray, " n"],
    weights: Shaped[np.ndarray, " n"] | None = None,
) -> float:
    """Spearman correlation, ties at their mean rank; NaN where `pearson` is.

    A weight of 2 is a row that is there twice: ranks are those of the rows so repeated.
    """
    return float(spearman_many(labels, predicted, one_row(weights, len(labels)))[0])


def spearman_many(
    labels: Shaped[np.ndarray, " n"], predicted: Shaped[np.ndarray, " n"], weights: Shaped[np.ndarray, "r n"]
) -> Float64[np.ndarray, " r"]:
    """`spearman` under each of the `r` weight vectors."""
    labels, predicted = _finite(labels), _finite(predicted)
    found = [_rank_correlation(block, _ranks(labels, block), _ranks(predicted, block)) for block in vectors(weights)]
    return np.concatenate([np.zeros(0), *found])


def r2(
    labels: Shaped[np.ndarray, " n"],
    predicted: Shaped[np.ndarray, " n"],
    weights: Shaped[np.ndarray, " n"] | None = None,
) -> float:
    """Share of the labels' variance that the predictions explain, 1 - error / variance; NaN for constant labels.

    Negative where the mean of the labels would predict better. The predictions are taken as they are, not re-fitted.
    """
    return float(r2_many(labels, predicted, one_row(weights, len(labels)))[0])


def r2_many(
    labels: Shaped[np.ndarray, " n"], predicted: Shaped[np.ndarray, " n"], weights: Shaped[np.ndarray, "r n"]
) -> Float64[np.ndarray, " r"]:
    """`r2` under each of the `r` weight vectors."""
    error = mean_squared_error_many(labels, predicted, weights)
    return 1 - divide(error, _moments(labels, predicted, weights).variance)


def mean_squared_error(
    labels: Shaped[np.ndarray, " n"],
    predicted: Shaped[np.ndarray, " n"],
    weights: Shaped[np.ndarray, " n"] | None = None,
) -> float:
    """Mean squared difference of label and prediction; NaN without rows."""
    return float(mean_squared_error_many(labels, predicted, one_row(weights, len(labels)))[0])


def mean_squared_error_many(
    labels: Shaped[np.ndarray, " n"], predicted: Shaped[np.ndarray, " n"], weights: Shaped[np.ndarray, "r n"]
) -> Float64[np.ndarray, " r"]:
    """`mean_squared_error` under each of the `r` weight vectors."""
    labels, predicted = _finite(labels), _finite(predicted)
    return weighted_mean_many((labels - predicted) ** 2, weights)


def _moments(labels: np.ndarray, predicted: np.ndarray, weights: np.ndarray) -> _Moments:
    labels, predicted = _centred(labels), _centred(predicted)
    columns = [np.ones(len(labels)), labels, predicted, labels**2, predicted**2, labels * predicted]
    sums = weighted_sums(weights, np.column_stack(columns))
    mean, mean_predicted, square, square_predicted, product = (divide(column, sums[:, 0]) for column in sums.T[1:])
    return _Moments(
        _variance(square, mean), _variance(square_predicted, mean_predicted), product - mean * mean_predicted
    )


def _ranks(values: np.ndarray, weights: Float64[np.ndarray, "b n"]) -> Float64[np.ndarray, "b n"]:
    """Mean rank of each row, counted from the middle of all, where a row counts as often as its weight says."""
    _, place = np.unique(values, return_inverse=True)
    if len(values) == 0:
        return weights
    order = np.argsort(place, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(place[order]) > 0))
    tied = np.add.reduceat(weights[:, order], starts, axis=1)
    middle = np.cumsum(tied, axis=1) - tied / 2 - tied.sum(axis=1, keepdims=True) / 2
    return np.take(middle, place, axis=1)


def _rank_correlation(weights: np.ndarray, a: np.ndarray, b: np.ndarray) -> Float64[np.ndarray, " b"]:
    # Ranks counted from their weighted middle have a weighted mean of 0.
    covariance, square_a, square_b = (np.einsum("bn,bn,bn->b", weights, *pair) for pair in ((a, b), (a, a), (b, b)))
    return divide(covariance, np.sqrt(square_a * square_b))


def _variance(square: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Variance from moments; exactly 0 where only rounding is left, so that a constant is seen to be one."""
    variance = square - mean**2
    return np.where(variance > 1e-12 * square, variance, 0.0)


def _centred(values: np.ndarray) -> np.ndarray:
    values = _finite(values)
    return values - values.mean() if len(values) else values


def _finite(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, float)
    if not np.isfinite(values).all():
        raise ValueError(f"{int((~np.isfinite(values)).sum()):,} of {len(values):,} values are not finite")
    return values
