"""The grammar of binding: a focal motif near a helper binds, alone it seldom does, and far from one it never does."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int, Int64

from cislearn.errors import UserError

STATES = ("none", "helper", "far", "focal", "near")
"""What a window holds; the code of a state ranks windows as well as anything can (AUROC .977)."""

GIVEN_LABEL = np.array([[0.35, 0.20, 0.15, 0.30, 0.0], [0.0, 0.0, 0.0, 0.15, 0.85]])
"""Probability of each state in negatives (row 0) and positives (row 1)."""

MOTIF_ALONE = np.array([[1.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0, 0.0]])
"""The same where the focal motif is all that sequence has to offer."""

NEAR_GAP = (3, 20)
FAR_GAP = (45, 75)
"""Least and greatest number of bases between the two motifs."""


class Grammar(NamedTuple):
    """Where the two motifs of each window start; -1 where it has none.

    Parameters
    ----------
    focal, helper : ndarray, shape (n,), int64
        0-based.
    """

    focal: Int64[np.ndarray, " n"]
    helper: Int64[np.ndarray, " n"]


def check_length(length: int, focal_width: int, helper_width: int) -> None:
    """Raise UserError where a window cannot hold both motifs at their greatest distance."""
    least = FAR_GAP[1] + focal_width + helper_width
    if length < least:
        raise UserError(
            f"windows of {length} bp cannot hold motifs of {focal_width} and {helper_width} bp that lie "
            f"{FAR_GAP[0]}-{FAR_GAP[1]} bp apart",
            fix=f"Take a length of at least {least} bp.",
        )


def draw_states(
    labels: Bool[np.ndarray, " n"], rng: np.random.Generator, given_label: Float64[np.ndarray, "2 5"] = GIVEN_LABEL
) -> Int64[np.ndarray, " n"]:
    """Draw the state of each window given its label, as codes into `STATES`."""
    cumulative = np.cumsum(given_label, axis=1)[:, :-1]
    return (rng.random((len(labels), 1)) >= cumulative[labels.astype(int)]).sum(axis=1)


def place_grammar(
    states: Int[np.ndarray, " n"], length: int, focal_width: int, helper_width: int, rng: np.random.Generator
) -> Grammar:
    """Place the motifs of each state: gap uniform, either order, the block they form anywhere in the window.

    Parameters
    ----------
    states : ndarray, shape (n,)
        Codes into `STATES`.
    length, focal_width, helper_width : int
        In bp.
    rng : Generator
        Where chance comes from.
    """
    n = len(states)
    near, far = states == STATES.index("near"), states == STATES.index("far")
    both = near | far
    has_focal, has_helper = both | (states == STATES.index("focal")), both | (states == STATES.index("helper"))
    gap = np.where(near, rng.integers(*NEAR_GAP, n, endpoint=True), rng.integers(*FAR_GAP, n, endpoint=True))
    block = has_focal * focal_width + has_helper * helper_width + both * gap
    start = rng.integers(0, length - block, endpoint=True)
    focal_first = rng.random(n) < 0.5
    focal = start + (both & ~focal_first) * (helper_width + gap)
    helper = start + (both & focal_first) * (focal_width + gap)
    return Grammar(np.where(has_focal, focal, -1), np.where(has_helper, helper, -1))
