"""Mismatches counted by matches: choices of positions, with what a match at all positions of a choice counts."""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64


class Choice(NamedTuple):
    """Some positions of a word, from 0, and what it counts if two words match there."""

    positions: tuple[int, ...]
    weight: float


def choices_for(weights: Float64[np.ndarray, " d+1"], l: int) -> list[Choice]:
    """Return the choices whose weights, summed over those at which two words match, are h(m).

    Two words with s = l - m matches match at C(s, j) choices of j positions. So h = sum over j of C(s, j) u(j), which
    the binomial inversion u(j) = sum over s of (-1)^(j - s) C(j, s) h(l - s) solves; where h is C(s, k) for all s, k is
    the one j that is left. Of a choice and the same from the other end one is returned, with twice the weight: if both
    strands of both sequences are counted, the two count the same.

    Parameters
    ----------
    weights : Float64 array, shape (d + 1,)
        h(m), for no mismatch to d.
    l : int
        Bases of a word.
    """
    least, found = l - len(weights) + 1, list[Choice]()
    for j in range(least, l + 1):
        u = sum((-1) ** (j - s) * comb(j, s) * weights[l - s] for s in range(least, j + 1))
        if abs(u) <= 1e-9 * np.abs(weights).max():
            continue
        for positions in combinations(range(l), j):
            turned = tuple(l - 1 - position for position in reversed(positions))
            if positions <= turned:
                found.append(Choice(positions, float(u) * (1 if positions == turned else 2)))
    return found
