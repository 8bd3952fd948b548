"""Sums under many weight vectors at once, in blocks that stay small: what makes a bootstrap cheap."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float64, Shaped

BLOCK = 2**18
"""Weights handled at a time: 2 MB in double precision, so that a block and what is made of it stay in the cache."""


def one_row(weights: Shaped[np.ndarray, " n"] | None, n: int) -> Float64[np.ndarray, "1 n"]:
    """One weight vector as a matrix of one row; every weight is 1 where none are given."""
    return np.ones((1, n)) if weights is None else np.asarray(weights, float)[None]


def blocks(
    weights: Shaped[np.ndarray, "r n"], order: Shaped[np.ndarray, " n"] | None = None
) -> Iterator[Float64[np.ndarray, "b n"]]:
    """Rows of `weights` a few at a time in double precision, their columns put into `order`.

    Raises
    ------
    ValueError
        Where a weight is negative or not a number.
    """
    step = max(1, BLOCK // max(1, weights.shape[1]))
    for first in range(0, len(weights), step):
        block = weights[first : first + step]
        if not (block >= 0).all():
            raise ValueError("weights must be numbers of at least 0")
        yield (block if order is None else np.take(block, order, axis=1)).astype(np.float64, copy=False)


def weighted_sums(weights: Shaped[np.ndarray, "r n"], columns: Shaped[np.ndarray, "n k"]) -> Float64[np.ndarray, "r k"]:
    """Sum of each column under each weight vector."""
    columns = columns.astype(np.float64)
    return np.concatenate([np.zeros((0, columns.shape[1])), *(block @ columns for block in blocks(weights))])


def divide(numerator: Float64[np.ndarray, "*r"], denominator: Float64[np.ndarray, "*r"]) -> Float64[np.ndarray, "*r"]:
    """Quotient that is NaN, without a warning, where the denominator is 0."""
    return np.divide(numerator, denominator, out=np.full(numerator.shape, np.nan), where=denominator > 0)


def binary(labels: Shaped[np.ndarray, " n"]) -> Shaped[np.ndarray, " n"]:
    """Labels as booleans; ValueError for anything but 0 and 1, so that absent labels are never taken for negatives."""
    labels = np.asarray(labels)
    if not np.isin(labels, (0, 1)).all():
        raise ValueError("labels must be 0 or 1; leave rows without a label out first")
    return labels.astype(bool)
