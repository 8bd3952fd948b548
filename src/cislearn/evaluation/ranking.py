"""How well scores rank positives above negatives: AUROC, AUPRC, lift, recall at a rate of false discoveries.

All take ties and weights, and agree with scikit-learn. With one class only, or no row, they are NaN: neither .5 nor an
error. The forms that end in ``_many`` sort once and evaluate any number of weight vectors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64, Shaped
from scipy.sparse import csr_matrix

from cislearn.evaluation.handed_in import how_many_are_nan
from cislearn.evaluation.weighting import binary, blocks, divide, one_row


class _Ranked(NamedTuple):
    order: Int64[np.ndarray, " n"]
    positive: Bool[np.ndarray, " n"]
    starts: Int64[np.ndarray, " g"]


class _Sums(NamedTuple):
    """Which rows are added up, as matrices of 0 and 1; `k` distinct scores have a positive, from the highest down.

    Positives are few as a rule, and no metric asks for more than how many rows stand between them.
    """

    hits: csr_matrix
    """Positives of each of these scores, (k, n)."""
    false: csr_matrix
    """Negatives of this score, or below the one before; at the end those below all of them, (k + 1, n)."""
    tied: csr_matrix | None
    """Negatives of this very score, (k, n); None where no negative has the score of a positive."""


class _Counts(NamedTuple):
    """Weights under `b` weight vectors at each of the `k` scores that a positive has, from the highest down."""

    hits: Float64[np.ndarray, "k b"]
    """Of the positives with that score."""
    found: Float64[np.ndarray, "k b"]
    """Of the positives with at least that score."""
    false: Float64[np.ndarray, "k b"]
    """Of the negatives with at least that score."""
    tied: Float64[np.ndarray, "k b"] | None
    """Of the negatives with that score; None where there are none."""
    n_negative: Float64[np.ndarray, " b"]
    """Of all negatives."""

    @property
    def n_positive(self) -> Float64[np.ndarray, " b"]:
        return self.found[-1]

    @property
    def called(self) -> Float64[np.ndarray, "k b"]:
        return self.found + self.false


TINY = 1e-300
FDRS = (0.05, 0.10)
RANKED = ("AUROC", "AUPRC", "lift", "recall at 5% FDR", "recall at 10% FDR")
"""What `ranking_many` gives, in the order of its columns; the recalls are at `FDRS`."""


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
    return _under_each(labels, scores, weights, _auroc)


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
    return _under_each(labels, scores, weights, _auprc)


def lift(
    labels: Shaped[np.ndarray, " n"], scores: Shaped[np.ndarray, " n"], weights: Shaped[np.ndarray, " n"] | None = None
) -> float:
    """`auprc` divided by the share of positives, which is what a random ranking reaches: 1 is no better than that.

    It is at most one over that share. Takes and raises what `auroc` does.
    """
    return float(lift_many(labels, scores, one_row(weights, len(labels)))[0])


def lift_many(
    labels: Shaped[np.ndarray, " n"], scores: Shaped[np.ndarray, " n"], weights: Shaped[np.ndarray, "r n"]
) -> Float64[np.ndarray, " r"]:
    """`lift` under each of the `r` weight vectors, each over its own share of positives."""
    return _under_each(labels, scores, weights, _lift)


def recall_at_fdr(
    labels: Shaped[np.ndarray, " n"],
    scores: Shaped[np.ndarray, " n"],
    fdr: float,
    weights: Shaped[np.ndarray, " n"] | None = None,
) -> float:
    """Greatest recall of any threshold at which no more than a share `fdr` of the calls is false; 0 where none is so.

    Rows of equal score are called together or not at all. The threshold is the best on these very rows: this says how
    well they are ranked, not what calls at a threshold chosen elsewhere would reach. Takes and raises as `auroc` does.
    """
    return float(recall_at_fdr_many(labels, scores, one_row(weights, len(labels)), fdr)[0])


def recall_at_fdr_many(
    labels: Shaped[np.ndarray, " n"], scores: Shaped[np.ndarray, " n"], weights: Shaped[np.ndarray, "r n"], fdr: float
) -> Float64[np.ndarray, " r"]:
    """`recall_at_fdr` under each of the `r` weight vectors."""
    return _under_each(labels, scores, weights, lambda counts: _recall_at(counts, fdr))


def ranking_many(
    labels: Shaped[np.ndarray, " n"], scores: Shaped[np.ndarray, " n"], weights: Shaped[np.ndarray, "r n"]
) -> Float64[np.ndarray, "r 5"]:
    """The metrics of `RANKED` under each of the `r` weight vectors, for one sorting and one summing of the weights."""
    return _under_each(labels, scores, weights, _all_ranked)


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
    missing = how_many_are_nan(scores)
    if missing:
        raise ValueError(missing)
    order = np.argsort(scores, kind="stable")[::-1]
    ranked = np.asarray(scores)[order]
    starts = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1])) if len(ranked) else np.zeros(0, int)
    return _Ranked(order, binary(labels)[order], starts)


def _under_each(
    labels: np.ndarray, scores: np.ndarray, weights: np.ndarray, metric: Callable[[_Counts], np.ndarray]
) -> np.ndarray:
    ranked = _rank(labels, scores)
    if len(weights) == 0 or ranked.positive.all() or not ranked.positive.any():
        once = np.ones((1, len(weights)))
        return np.full_like(metric(_Counts(once, once, once, None, once[0])), np.nan)
    sums = _sums(ranked)
    return np.concatenate([metric(_count(block, sums)) for block in blocks(weights)])


def _sums(ranked: _Ranked) -> _Sums:
    group = np.repeat(np.arange(len(ranked.starts)), np.diff(ranked.starts, append=len(ranked.order)))
    held = np.unique(group[ranked.positive])
    # Of each row the first score of a positive that is no higher: where it begins to count.
    place = np.searchsorted(held, group)
    is_tied = ~ranked.positive & (np.append(held, -1)[place] == group)

    def adding(mask: np.ndarray, size: int) -> csr_matrix:
        rows, ends = ranked.order[mask], np.searchsorted(place[mask], np.arange(size + 1))
        return csr_matrix((np.ones(len(rows), np.float32), rows, ends), shape=(size, len(ranked.order)))

    k = len(held)
    tied = adding(is_tied, k) if is_tied.any() else None
    return _Sums(adding(ranked.positive, k), adding(~ranked.positive, k + 1), tied)


def _count(weights: Shaped[np.ndarray, "n b"], sums: _Sums) -> _Counts:
    hits = np.asarray(sums.hits @ weights, np.float64)
    false = np.cumsum(sums.false @ weights, axis=0, dtype=np.float64)
    tied = None if sums.tied is None else np.asarray(sums.tied @ weights, np.float64)
    return _Counts(hits, np.cumsum(hits, axis=0), false[:-1], tied, false[-1])


def _all_ranked(counts: _Counts) -> np.ndarray:
    average = _auprc(counts)
    recalls = [_recall_at(counts, fdr) for fdr in FDRS]
    return np.column_stack([_auroc(counts), average, average / _prevalence(counts), *recalls])


def _auroc(counts: _Counts) -> np.ndarray:
    lost = _dot(counts.hits, counts.false)
    if counts.tied is not None:
        lost -= _dot(counts.hits, counts.tied) / 2
    pairs = counts.n_positive * counts.n_negative
    return divide(pairs - lost, pairs)


def _auprc(counts: _Counts) -> np.ndarray:
    # A row of weight 0 above all others has been called by nobody: found is 0 there too.
    precision = counts.found / np.maximum(counts.called, TINY)
    average = divide(_dot(counts.hits, precision), counts.n_positive)
    average[counts.n_negative <= 0] = np.nan
    return average


def _dot(a: Float64[np.ndarray, "k b"], b: Float64[np.ndarray, "k b"]) -> Float64[np.ndarray, " b"]:
    return np.einsum("kb,kb->b", a, b)


def _lift(counts: _Counts) -> np.ndarray:
    return _auprc(counts) / _prevalence(counts)


def _prevalence(counts: _Counts) -> np.ndarray:
    return divide(counts.n_positive, counts.n_positive + counts.n_negative)


def _recall_at(counts: _Counts, fdr: float) -> np.ndarray:
    # The margin is for rounding: 1 false call of 20 is 5 %.
    allowed = counts.found >= (1 - fdr - 1e-12) * counts.called
    recall = divide((counts.found * allowed).max(axis=0), counts.n_positive)
    recall[counts.n_negative <= 0] = np.nan
    return recall
