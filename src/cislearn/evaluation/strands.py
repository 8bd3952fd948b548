"""How far a network's two strands disagree, and what either of them and their mean is worth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Shaped

from cislearn.evaluation.calibration import probabilities
from cislearn.evaluation.ranking import auroc
from cislearn.evaluation.regression import spearman
from cislearn.schema import TaskKind

MOST = 95
"""Percentile that is told beside each mean: what only one row in twenty exceeds."""


class Disagreement(NamedTuple):
    """How far two strands are apart; NaN where that has no meaning for the kind of task."""

    disagreement: float
    """Mean absolute difference of the logits (of the values, for regression), over rows and classes."""
    disagreement_p95: float
    """Its 95th percentile."""
    probability_disagreement: float
    """Mean absolute difference of the probabilities."""
    probability_disagreement_p95: float
    """Its 95th percentile."""
    spearman: float
    """Rank correlation of the two strands' scores over rows; of several classes the mean."""
    flipped: float
    """Share of the rows that are called otherwise on the other strand."""


def strand_disagreement(
    pairs: Shaped[np.ndarray, "n 2 c"], kind: TaskKind, threshold: float = float("nan")
) -> Disagreement:
    """Return how far the two strands' logits of one task are apart; the same whichever is called the first.

    Parameters
    ----------
    pairs : ndarray, shape (n, 2, c)
        Logits of `n` windows on one strand and, turned back, on the other; at least one window.
    kind : TaskKind
        Probabilities are those of binary tasks and of classes, rank correlations of all but profiles.
    threshold : float
        From which a binary task is called; NaN for no calls.
    """
    one, other = np.moveaxis(np.asarray(pairs, np.float64), 1, 0)
    mean, most = _mean_and_most(one - other)
    mean_share, most_share = np.nan, np.nan
    if kind in ("binary", "multiclass"):
        mean_share, most_share = _mean_and_most(_shares(one, kind) - _shares(other, kind))
    ranks = [] if kind == "profile" else [spearman(a, b) for a, b in zip(one.T, other.T, strict=True)]
    rank_correlation = float(np.mean(ranks or [np.nan]))
    return Disagreement(mean, most, mean_share, most_share, rank_correlation, _flipped(one, other, kind, threshold))


class StrandScores(NamedTuple):
    """AUROC of one task from the strand given, from the other, and from the mean of their logits."""

    forward: float
    other: float
    mean: float


def strand_aurocs(pairs: Shaped[np.ndarray, "n 2"], labels: Shaped[np.ndarray, " n"]) -> StrandScores:
    """Return what either strand of a network ranks right, and what their mean does: whether averaging is what helps.

    Parameters
    ----------
    pairs : ndarray, shape (n, 2)
        Logits of a binary task on either strand, as `NetworkPredictor.strands` gives them for one column.
    labels : ndarray, shape (n,)
        0, 1, or NaN where absent; those rows are left out.
    """
    seen = ~np.isnan(labels)
    labels, pairs = labels[seen], np.asarray(pairs, np.float64)[seen]
    return StrandScores(*(auroc(labels, scores) for scores in (pairs[:, 0], pairs[:, 1], pairs.mean(1))))


def _mean_and_most(difference: Float[np.ndarray, "n ..."]) -> tuple[float, float]:
    apart = np.abs(difference)
    return float(apart.mean()), float(np.percentile(apart, MOST))


def _shares(logits: Float[np.ndarray, "n c"], kind: TaskKind) -> Float[np.ndarray, "n ..."]:
    return probabilities(logits if kind == "multiclass" else logits[:, 0])


def _flipped(one: Float[np.ndarray, "n c"], other: Float[np.ndarray, "n c"], kind: TaskKind, threshold: float) -> float:
    if kind == "multiclass":
        return float((one.argmax(1) != other.argmax(1)).mean())
    if kind == "binary" and not np.isnan(threshold):
        return float(((one >= threshold) != (other >= threshold)).mean())
    return float("nan")
