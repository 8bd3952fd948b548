"""How well scores rank positives above negatives: AUROC, AUPRC, and the threshold of the best F1.

All take ties and weights, and agree with scikit-learn. With one class only, or no row, they are NaN: neither .5 nor an
error. The forms that end in ``_many`` sort once and evaluate any number of weight vectors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64, Shaped

from cislearn.evaluation.weighting import binary, blocks, divide, one_row


class _Ranked(NamedTuple):
    order: Int64[np.ndarray, " n"]
    positive: Bool[np.ndarray, " n"]
    starts: Int64[np.ndarray, " g"]

    def per_score(self, weights: Float64[np.ndarray, "b n"]) -> Float64[np.ndarray, "b g"]:
        """Sum of the weights over each group of tied scores."""
        return weights if len(self.starts) == len(self.order) else np.add.reduceat(weights, self.starts, axis=1)


def auroc(
    labels: Shaped[np.ndarray, " n"], scores: Shaped[np.ndarray, " n"], weights: Shaped[np.ndarray, " n"] | None = None
) -> float:
    """Chance that a positive scores above a negative, ties counting half: the Mann-Whitney statistic with mid-ranks.

    Parameters
    ----------
    labels : ndarray, shape (n,)
        0 or 1.
    scores : ndarray, shape (n,)
        Any numbers that grow with the chance of a positive: logits or probabilities.
    weights : ndarray, shape (n,), optional
        At least 0; 1 each where not given.

    Raises
    ------
    ValueError
        Where a score is NaN, a label is neither 0 nor 1, or a weight is negative.
    """
    return float(auroc_many(labels, scores, one_row(weights, len(labels)))[0])


def auroc_many(
    labels: Shaped[np.ndarray, " n"], scores: Shaped[np.ndarray, " n"], weights: Shaped[np.ndarray, "r n"]
) -> Float64[np.ndarray, " r"]:
    """`auroc` under each of the `r` weight vectors."""
    return _each_block(labels, scores, weights, _auroc)


def auprc(
    labels: Shaped[np.ndarray, " n"], scores: Shaped[np.ndarray, " n"], weights: Shaped[np.ndarray, " n"] | None = None
) -> float:
    """Average precision: precision at each score times the recall gained there, summed (steps, never trapezoids).

    A random ranking has the prevalence, so print that beside it. Takes and raises what `auroc` does.
    """
    return float(auprc_many(labels, scores, one_row(weights, len(labels)))[0])


def auprc_many(
    labels: Shaped[np.ndarray, " n"], scores: Shaped[np.ndarray, " n"], weights: Shaped[np.ndarray, "r n"]
) -> Float64[np.ndarray, " r"]:
    """`auprc` under each of the `r` weight vectors."""
    return _each_block(labels, scores, weights, _auprc)


def best_threshold(labels: Shaped[np.ndarray, " n"], scores: Shaped[np.ndarray, " n"]) -> float:
    """Threshold with the highest F1 when rows *at or above* it are called positive.

    It lies midway between neighbouring scores, or at the lowest score where calling everything is best; of equally good
    ones it is the highest. NaN with one class only. Choose it on validation data: where it was chosen it flatters.
    """
    ranked = _rank(labels, scores)
    if ranked.positive.all() or not ranked.positive.any():
        return float("nan")
    distinct = np.asarray(scores, float)[ranked.order][ranked.starts]
    called = np.append(ranked.starts[1:], len(ranked.order))
    hits = np.cumsum(ranked.positive)[called - 1]
    best = int(np.argmax(2 * hits / (called + ranked.positive.sum())))
    if best == len(distinct) - 1:
        return float(distinct[best])
    with np.errstate(invalid="ignore"):
        middle = distinct[best] / 2 + distinct[best + 1] / 2
    # Neighbouring floats have no number between them, and infinities no middle: the score itself separates them too.
    return float(middle if distinct[best + 1] < middle else distinct[best])


def _rank(labels: np.ndarray, scores: np.ndarray) -> _Ranked:
    """Rows from the highest score to the lowest, and where each distinct score starts."""
    if np.isnan(scores).any():
        raise ValueError(f"{int(np.isnan(scores).sum()):,} of {len(scores):,} scores are NaN")
    order = np.argsort(scores, kind="stable")[::-1]
    ranked = np.asarray(scores)[order]
    starts = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1])) if len(ranked) else np.zeros(0, int)
    return _Ranked(order, binary(labels)[order], starts)


def _each_block(
    labels: np.ndarray, scores: np.ndarray, weights: np.ndarray, metric: Callable[[np.ndarray, _Ranked], np.ndarray]
) -> np.ndarray:
    ranked = _rank(labels, scores)
    if ranked.positive.all() or not ranked.positive.any():
        return np.full(len(weights), np.nan)
    return np.concatenate([np.zeros(0), *(metric(block, ranked) for block in blocks(weights, ranked.order))])


def _auroc(weights: np.ndarray, ranked: _Ranked) -> np.ndarray:
    positives = ranked.per_score(weights * ranked.positive)
    negatives = ranked.per_score(weights * ~ranked.positive)
    above = np.cumsum(positives, axis=1)
    n_positive = above[:, -1].copy()
    above -= positives / 2
    return divide(np.einsum("bg,bg->b", above, negatives), n_positive * negatives.sum(axis=1))


def _auprc(weights: np.ndarray, ranked: _Ranked) -> np.ndarray:
    hits = ranked.per_score(weights * ranked.positive)
    found = np.cumsum(hits, axis=1)
    called = np.cumsum(ranked.per_score(weights), axis=1)
    n_positive = found[:, -1].copy()
    precision = np.divide(found, called, out=found, where=called > 0)
    average = divide(np.einsum("bg,bg->b", hits, precision), n_positive)
    average[called[:, -1] <= n_positive] = np.nan
    return average
