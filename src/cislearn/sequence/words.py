"""Words of windows: each stretch of k bases as one number, the same for both strands."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8, UInt64

from cislearn.sequence.strand import reverse_complement
from cislearn.sequence.tokens import N

LONGEST_WORD = 31
"""Bases that fit into 64 bits at 2 bits a base, with one number to spare for `NO_WORD`."""

NO_WORD = np.uint64(2**64 - 1)
"""What stands where a word would hold an N."""


def canonical_words(tokens: UInt8[np.ndarray, "n length"], k: int) -> UInt64[np.ndarray, "n words"]:
    """Each word of k bases as its 2-bit code, the smaller one of the two strands': exact, two words never collide.

    Parameters
    ----------
    tokens : UInt8 array, shape (n, length)
        A0 C1 G2 T3 N4.
    k : int
        From 1 to `LONGEST_WORD`.

    Returns
    -------
    UInt64 array, shape (n, max(0, length - k + 1))
        Column j is the word that starts at base j; `NO_WORD` where it would hold an N.
    """
    if not 1 <= k <= LONGEST_WORD:
        raise ValueError(f"words have 1 to {LONGEST_WORD} bases, not {k}")
    n, length = tokens.shape
    if length < k:
        return np.empty((n, 0), dtype=np.uint64)
    forward = _words(tokens, k)
    words = np.minimum(forward, _words(reverse_complement(tokens), k)[:, ::-1])
    unknown = np.cumsum(np.pad(tokens >= N, ((0, 0), (1, 0))), axis=1, dtype=np.int32)
    words[unknown[:, k:] > unknown[:, :-k]] = NO_WORD
    return words


def _words(tokens: np.ndarray, k: int) -> np.ndarray:
    """Codes of the words as they are written, made of words of half the length."""
    if k == 1:
        return (tokens & 3).astype(np.uint64)
    half = k // 2
    short = _words(tokens, half)
    n = tokens.shape[1] - 2 * half + 1
    words = short[:, :n] << np.uint64(2 * half) | short[:, half : half + n]
    return words[:, : n - 1] << np.uint64(2) | (tokens[:, k - 1 :] & 3).astype(np.uint64) if k % 2 else words
