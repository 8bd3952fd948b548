"""Which of a domain's labels training may see, where it may see only a share of them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float


def draw_share(labels: Float[np.ndarray, "n t"], share: float, seed: int) -> Bool[np.ndarray, " n"]:
    """Draw a share of the labelled rows, the same in each class, once and for all.

    A smaller share is part of a greater one of the same seed, so what more labels buy is told by the same rows and
    some more. (The published code took the first rows of freshly shuffled batches, and so saw nearly all labels in the
    course of a training.)

    Parameters
    ----------
    labels : ndarray, shape (n, T)
        NaN where absent. With several tasks a class is a row of labels.
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
    # NaN is no class of its own to np.unique over rows, so absent labels become a value that no label has.
    _, of_class = np.unique(np.nan_to_num(labels[labelled], nan=-np.inf), axis=0, return_inverse=True)
    for number in range(of_class.max() + 1):
        members = labelled[of_class.ravel() == number]
        drawn[members[: max(1, round(share * len(members)))]] = True
    return drawn
