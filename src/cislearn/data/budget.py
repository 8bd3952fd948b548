"""Which of a domain's labels training may see, where it may see only a share of them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

FEWEST = 20
"""Rows that a row of labels must have on average to be a class by itself."""


def draw_share(labels: Float[np.ndarray, "n t"], share: float, seed: int) -> Bool[np.ndarray, " n"]:
    """Draw a share of the labelled rows, the same in each class, once and for all.

    A smaller share is part of a greater one of the same seed, so what more labels buy is told by the same rows and
    some more. (The published code took the first rows of freshly shuffled batches, and so saw nearly all labels in the
    course of a training.)

    Parameters
    ----------
    labels : ndarray, shape (n, T)
        NaN where absent. With several tasks a class is a row of labels or, where there are too many of these to share,
        all rows of which one answer is the rarest that they have.
    share : float
        From 0 to 1. Of each class that share is drawn, rounded, and one row at least unless it is 0.
    seed : int
        Of the draw.

    Returns
    -------
    ndarray, shape (n,), bool
        True for the rows drawn; a row without any label never is.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    drawn = np.zeros(len(labels), dtype=bool)
    labelled = order[~np.isnan(labels[order]).all(axis=1)]
    if share == 0 or len(labelled) == 0:
        return drawn
    of_class = _classes(labels[labelled])
    for number in range(of_class.max() + 1):
        members = labelled[of_class == number]
        drawn[members[: max(1, round(share * len(members)))]] = True
    return drawn


def _classes(labels: Float[np.ndarray, "n t"]) -> Int[np.ndarray, " n"]:
    """Return the number of the class of each row; which rows are alike does not depend on the share."""
    # NaN is no class of its own to np.unique over rows, so absent labels become a value that no label has.
    patterns, of_pattern = np.unique(np.nan_to_num(labels, nan=-np.inf), axis=0, return_inverse=True)
    return of_pattern.ravel() if len(patterns) * FEWEST <= len(labels) else _rarest_answers(labels)


def _rarest_answers(labels: Float[np.ndarray, "n t"]) -> Int[np.ndarray, " n"]:
    """Return for each row the number of the rarest answer to any task that it has, so that none is drawn by luck alone.

    Rows with a positive of a rare task are of its class, rows without any positive of that of some common negative.
    """
    rarest, fewest, first = np.zeros(len(labels), dtype=np.int64), np.full(len(labels), len(labels) + 1), 0
    for answers in labels.T:
        seen = np.flatnonzero(~np.isnan(answers))
        values, of_value, counts = np.unique(answers[seen], return_inverse=True, return_counts=True)
        rarer = counts[of_value] < fewest[seen]
        rows = seen[rarer]
        rarest[rows], fewest[rows] = first + of_value[rarer], counts[of_value][rarer]
        first += len(values)
    return np.unique(rarest, return_inverse=True)[1]
