"""What windows are made of: share of bases, and counts of short words."""

from __future__ import annotations

from functools import cache

import numpy as np
from jaxtyping import Float32, Float64, Int64, UInt8

from cislearn.sequence.tokens import ALPHABET, N
from cislearn.sequence.words import NO_WORD, canonical_words

_AT_ONCE = 1 << 24
"""Counts made at a time (128 MB)."""


def gc_fraction(tokens: UInt8[np.ndarray, "n length"]) -> Float64[np.ndarray, " n"]:
    """Share of G and C among the known bases of each window.

    Parameters
    ----------
    tokens : UInt8 array, shape (n, length)
        A0 C1 G2 T3 N4.

    Returns
    -------
    Float64 array, shape (n,)
        Between 0 and 1; NaN where every base is N.
    """
    n_known = (tokens < N).sum(axis=1)
    n_gc = ((tokens == ALPHABET.index("C")) | (tokens == ALPHABET.index("G"))).sum(axis=1)
    out = np.full(len(tokens), np.nan)
    return np.divide(n_gc, n_known, out=out, where=n_known > 0)


def count_words(tokens: UInt8[np.ndarray, "n length"], k: int) -> Float32[np.ndarray, "n words"]:
    """Count the words of k bases in each window, a word and its reverse complement being one.

    Words with N count nowhere. Columns are in the order of the lesser of the two words' numbers, base 4 with ACGT as
    0123: 10 of them for k = 2, 2,080 for k = 6.
    """
    column = _columns(k)
    n_columns = int(column.max()) + 1
    counts = np.empty((len(tokens), n_columns), dtype=np.float32)
    step = max(1, _AT_ONCE // n_columns)
    for first in range(0, len(tokens), step):
        words = canonical_words(tokens[first : first + step], k)
        row, place = np.nonzero(words != NO_WORD)
        cell = row * n_columns + column[words[row, place].astype(np.int64)]
        counts[first : first + step] = np.bincount(cell, minlength=len(words) * n_columns).reshape(-1, n_columns)
    return counts


def dinucleotide_frequencies(tokens: UInt8[np.ndarray, "n length"]) -> Float32[np.ndarray, "n 10"]:
    """Share of each of the ten dinucleotides, both strands as one; all 0 where none is known."""
    counts = count_words(tokens, 2)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


@cache
def _columns(k: int) -> Int64[np.ndarray, " codes"]:
    """Column of the word of each number; a number that is not the lesser of a word's two has that of its partner."""
    digits = np.arange(4**k)[:, None] // 4 ** np.arange(k)[::-1] % 4
    return np.unique(canonical_words(digits.astype(np.uint8), k)[:, 0], return_inverse=True)[1].astype(np.int64)
