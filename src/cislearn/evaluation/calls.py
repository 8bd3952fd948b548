"""Scores of calls (a class for each row) and of class probabilities: F1, MCC, accuracy, log loss."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Shaped

from cislearn.evaluation.weighting import binary, divide, one_row, weighted_sums


def f1(
    labels: Shaped[np.ndarray, " n"], calls: Shaped[np.ndarray, " n"], weights: Shaped[np.ndarray, " n"] | None = None
) -> float:
    """Harmonic mean of precision and recall; 0 where no call is right, NaN where the labels hold one class only.

    Parameters
    ----------
    labels, calls : ndarray, shape (n,)
        0 or 1. Calls come from a threshold that was chosen elsewhere (`calling_threshold` on validation data).
    weights : ndarray, shape (n,), optional
        At least 0; 1 each where not given.
    """
    return float(f1_many(labels, calls, one_row(weights, len(labels)))[0])


def f1_many(
    labels: Shaped[np.ndarray, " n"], calls: Shaped[np.ndarray, " n"], weights: Shaped[np.ndarray, "r n"]
) -> Float64[np.ndarray, " r"]:
    """`f1` under each of the `r` weight vectors."""
    return _f1(_confusion(labels, calls, weights))


def mcc(
    labels: Shaped[np.ndarray, " n"], calls: Shaped[np.ndarray, " n"], weights: Shaped[np.ndarray, " n"] | None = None
) -> float:
    """Matthews correlation of labels and calls; 0 where all calls are alike, NaN where all labels are."""
    return float(mcc_many(labels, calls, one_row(weights, len(labels)))[0])


def mcc_many(
    labels: Shaped[np.ndarray, " n"], calls: Shaped[np.ndarray, " n"], weights: Shaped[np.ndarray, "r n"]
) -> Float64[np.ndarray, " r"]:
    """`mcc` under each of the `r` weight vectors."""
    return _mcc(_confusion(labels, calls, weights))


def f1_and_mcc_many(
    labels: Shaped[np.ndarray, " n"], calls: Shaped[np.ndarray, " n"], weights: Shaped[np.ndarray, "r n"]
) -> Float64[np.ndarray, "r 2"]:
    """`f1` and `mcc` under each of the `r` weight vectors, for one summing of the weights."""
    confusion = _confusion(labels, calls, weights)
    return np.column_stack([_f1(confusion), _mcc(confusion)])


def accuracy(
    labels: Shaped[np.ndarray, " n"], calls: Shaped[np.ndarray, " n"], weights: Shaped[np.ndarray, " n"] | None = None
) -> float:
    """Share of rows whose call equals the label, for any number of classes; NaN without rows."""
    return float(accuracy_many(labels, calls, one_row(weights, len(labels)))[0])


def accuracy_many(
    labels: Shaped[np.ndarray, " n"], calls: Shaped[np.ndarray, " n"], weights: Shaped[np.ndarray, "r n"]
) -> Float64[np.ndarray, " r"]:
    """`accuracy` under each of the `r` weight vectors."""
    return weighted_mean_many(np.asarray(labels) == np.asarray(calls), weights)


def log_loss(
    labels: Shaped[np.ndarray, " n"],
    logits: Shaped[np.ndarray, "n classes"],
    weights: Shaped[np.ndarray, " n"] | None = None,
) -> float:
    """Mean negative logarithm of the probability of the right class, in nats; takes logits, not probabilities."""
    return float(log_loss_many(labels, logits, one_row(weights, len(labels)))[0])


def log_loss_many(
    labels: Shaped[np.ndarray, " n"], logits: Shaped[np.ndarray, "n classes"], weights: Shaped[np.ndarray, "r n"]
) -> Float64[np.ndarray, " r"]:
    """`log_loss` under each of the `r` weight vectors."""
    logits = np.asarray(logits, float)
    if np.isnan(logits).any():
        raise ValueError("some logits are NaN")
    right = np.take_along_axis(logits, np.asarray(labels).astype(int)[:, None], axis=1)[:, 0]
    return weighted_mean_many(np.logaddexp.reduce(logits, axis=1) - right, weights)


def weighted_mean_many(
    values: Shaped[np.ndarray, " n"], weights: Shaped[np.ndarray, "r n"]
) -> Float64[np.ndarray, " r"]:
    """Mean of `values` under each weight vector; NaN where the weights sum to 0."""
    total, weight = weighted_sums(weights, np.column_stack([values, np.ones(len(values))])).T
    return divide(total, weight)


class _Confusion(NamedTuple):
    """Weights of true positives, false positives, false negatives and true negatives, each of shape (r,)."""

    hit: Float64[np.ndarray, " r"]
    false: Float64[np.ndarray, " r"]
    missed: Float64[np.ndarray, " r"]
    rejected: Float64[np.ndarray, " r"]

    def where_both_classes(self, value: Float64[np.ndarray, " r"]) -> Float64[np.ndarray, " r"]:
        """`value`, but NaN where the labels are of one class."""
        return np.where((self.hit + self.missed > 0) & (self.false + self.rejected > 0), value, np.nan)


def _confusion(labels: np.ndarray, calls: np.ndarray, weights: np.ndarray) -> _Confusion:
    positive, called = binary(labels), binary(calls)
    cells = [positive & called, ~positive & called, positive & ~called, ~positive & ~called]
    return _Confusion(*weighted_sums(weights, np.column_stack(cells)).T)


def _f1(found: _Confusion) -> np.ndarray:
    hit, false, missed, _ = found
    return found.where_both_classes(2 * hit / np.maximum(2 * hit + false + missed, 1e-300))


def _mcc(found: _Confusion) -> np.ndarray:
    hit, false, missed, rejected = found
    covariance = hit * rejected - false * missed
    scale = np.sqrt((hit + false) * (missed + rejected)) * np.sqrt((hit + missed) * (false + rejected))
    return found.where_both_classes(np.nan_to_num(divide(covariance, scale)))
