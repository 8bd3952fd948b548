"""Do vectors say more of words than their letters do? Cosines against edit distances."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.stats import spearmanr

MOST_PAIRS = 20_000
"""Pairs of words that are looked at; of more so many are drawn."""


class Likeness(NamedTuple):
    """How like the vectors of words are to the words.

    Parameters
    ----------
    correlation : float
        Spearman's, of cosine and edit distance over pairs of words: -1 where vectors tell letters and nothing else. NaN
        for words of one base, which are all as far apart.
    overlapping, others : float
        Mean cosine of pairs of which one word is the other moved by one base, and of all other pairs.
    by_distance : dict
        Mean cosine by edit distance.
    """

    correlation: float
    overlapping: float
    others: float
    by_distance: dict[int, float]


def edit_distances(one: Int[np.ndarray, "n k"], other: Int[np.ndarray, "n k"]) -> Int[np.ndarray, " n"]:
    """Return the edit distance (Levenshtein 1966) of each row of `one` to that of `other`, for all rows at once."""
    n, k = one.shape
    above = np.tile(np.arange(k + 1), (n, 1))
    for i in range(k):
        row = np.empty_like(above)
        row[:, 0] = i + 1
        for j in range(k):
            changed = above[:, j] + (one[:, i] != other[:, j])
            row[:, j + 1] = np.minimum(np.minimum(above[:, j + 1], row[:, j]) + 1, changed)
        above = row
    return above[:, k]


def digits_of(k: int) -> Int[np.ndarray, "words k"]:
    """Return the bases of all words of length k, by number."""
    return np.stack(np.unravel_index(np.arange(4**k), (4,) * k), axis=1)


def likeness(vectors: Float[np.ndarray, "words dim"], k: int, seed: int = 0) -> Likeness:
    """Hold the cosines of words' vectors against the edit distances of the words.

    With windows of stride 1 neighbours overlap in k - 1 bases, so words are guessed from their own letters and such
    pairs come to lie together: that is no meaning. Vectors learned with a stride of k or more are the control.

    Parameters
    ----------
    vectors : ndarray, shape (4^k + 1, dim)
        By number of the word; the last one, of words with N, does not count.
    k : int
        Bases of a word.
    seed : int
        Of the draw of pairs, where there are more than `MOST_PAIRS`.
    """
    n, digits = 4**k, digits_of(k)
    units = vectors[:n] / np.maximum(np.linalg.norm(vectors[:n], axis=1, keepdims=True), 1e-12)
    one, other = np.triu_indices(n, 1) if n * (n - 1) // 2 <= MOST_PAIRS else _drawn_pairs(n, seed)
    cosines, distances = (units[one] * units[other]).sum(axis=1), edit_distances(digits[one], digits[other])
    first, second = digits[one], digits[other]
    is_moved = (first[:, 1:] == second[:, :-1]).all(axis=1) | (first[:, :-1] == second[:, 1:]).all(axis=1)
    return Likeness(
        correlation=float(spearmanr(cosines, distances).statistic) if k > 1 else float("nan"),
        overlapping=_mean_cosine_of_moved(units),
        others=float(cosines[~is_moved].mean()) if not is_moved.all() else float("nan"),
        by_distance={int(d): float(cosines[distances == d].mean()) for d in np.unique(distances)},
    )


def _mean_cosine_of_moved(units: Float[np.ndarray, "n dim"]) -> float:
    """Over all words and the four that follow each in a sequence, but for A..A and its like, their own followers."""
    word = np.repeat(np.arange(len(units)), 4)
    following = (4 * word + np.tile(np.arange(4), len(units))) % len(units)
    differs = word != following
    return float((units[word[differs]] * units[following[differs]]).sum(axis=1).mean())


def _drawn_pairs(n: int, seed: int) -> tuple[Int[np.ndarray, " m"], Int[np.ndarray, " m"]]:
    one, other = np.random.default_rng(seed).integers(n, size=(2, MOST_PAIRS))
    return one[one != other], other[one != other]
