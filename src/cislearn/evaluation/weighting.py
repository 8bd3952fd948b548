"""Sums under many weight vectors at once, in blocks that stay small: what makes a bootstrap cheap."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float64, Shaped

BLOCK = 2**22
"""Weights handled at a time: 16 MB in single precision."""

EXACT = 2**24
"""Single precision holds all whole numbers up to this one, and so all sums of whole numbers that stay below it."""


def one_row(weights: Shaped[np.ndarray, " n"] | None, n: int) -> Float64[np.ndarray, "1 n"]:
    """One weight vector as a matrix of one row; every weight is 1 where none are given."""
    return np.ones((1, n)) if weights is None else np.asarray(weights, float)[None]


def blocks(weights: Shaped[np.ndarray, "r n"]) -> Iterator[Shaped[np.ndarray, "n b"]]:
    """A few weight vectors at a time, a column each, so that sums over rows are sums of whole vectors.

    Counts (unsigned) come in single precision where every sum of them is exact in it, all others in double.

    Raises
    ------
    ValueError
        Where a weight is negative or not a number.
    """
    n = weights.shape[1]
    step = max(1, BLOCK // max(1, n))
    for first in range(0, len(weights), step):
        block = weights[first : first + step].T
        is_count = np.issubdtype(block.dtype, np.unsignedinteger)
        if not is_count and not (block >= 0).all():
            raise ValueError("weights must be numbers of at least 0")
        is_exact = is_count and n * int(block.max(initial=0)) < EXACT
        yield np.ascontiguousarray(block, np.float32 if is_exact else np.float64)


def vectors(weights: Shaped[np.ndarray, "r n"]) -> Iterator[Float64[np.ndarray, "b n"]]:
    """A few weight vectors at a time, a row each in double precision. Raises what `blocks` does."""
    for block in blocks(weights):
        yield np.ascontiguousarray(block.T, np.float64)


def weighted_sums(weights: Shaped[np.ndarray, "r n"], columns: Shaped[np.ndarray, "n k"]) -> Float64[np.ndarray, "r k"]:
    """Sum of each column under each weight vector."""
    rows = columns.T if columns.dtype == bool else columns.T.astype(np.float64)
    sums = [(rows.astype(block.dtype) if rows.dtype == bool else rows) @ block for block in blocks(weights)]
    return np.concatenate([np.zeros((len(rows), 0)), *sums], axis=1).T


def divide(numerator: Float64[np.ndarray, "*r"], denominator: Float64[np.ndarray, "*r"]) -> Float64[np.ndarray, "*r"]:
    """Quotient that is NaN, without a warning, where the denominator is 0."""
    return np.divide(numerator, denominator, out=np.full(numerator.shape, np.nan), where=denominator > 0)


def binary(labels: Shaped[np.ndarray, " n"]) -> Shaped[np.ndarray, " n"]:
    """Labels as booleans; ValueError for anything but 0 and 1, so that absent labels are never taken for negatives."""
    labels = np.asarray(labels)
    if not np.isin(labels, (0, 1)).all():
        raise ValueError("labels must be 0 or 1; leave rows without a label out first")
    return labels.astype(bool)
