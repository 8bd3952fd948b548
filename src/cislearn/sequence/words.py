"""Words of windows: each stretch of k bases as one number, the same for both strands."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64, UInt8, UInt64

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
    words[_unknown_words(tokens, k)] = NO_WORD
    return words


def words_ending(
    tokens: UInt8[np.ndarray, "n length"], k: int, ending: int, n_bits: int
) -> tuple[Int64[np.ndarray, " m"], UInt64[np.ndarray, " m"]]:
    """Those of `canonical_words` whose last bits are `ending`, and the window that each is in, in order.

    Words are made only where the last bases of either strand have the bits, so a share of all words takes about that
    share of the time.

    Parameters
    ----------
    tokens, k
        As for `canonical_words`, with no less than `k` bases.
    ending : int
        The bits.
    n_bits : int
        How many; with 0 all words without N are given.
    """
    if not n_bits:
        words = canonical_words(tokens, k)
        is_word = words != NO_WORD
        return np.nonzero(is_word)[0], words[is_word]
    n_last = -(-n_bits // 2)
    kind = np.uint8 if n_last <= 4 else np.uint64
    low = kind((1 << n_bits) - 1)
    last = _words(tokens, n_last, kind)[:, k - n_last :]
    last_of_other = _words(reverse_complement(tokens), n_last, kind)[:, ::-1][:, : last.shape[1]]
    may_end = (last & low == ending) | (last_of_other & low == ending)
    if (tokens >= N).any():
        may_end &= ~_unknown_words(tokens, k)
    window, first = np.divmod(np.flatnonzero(may_end), last.shape[1])
    half = k // 2
    halves = _words(tokens, half, np.uint32) if half else tokens
    words = halves[window, first].astype(np.uint64) << np.uint64(2 * half) | halves[window, first + half]
    if k % 2:
        words = words << np.uint64(2) | tokens[window, first + k - 1]
    words = np.minimum(words, on_the_other_strand(words, k))
    ends = words & np.uint64(low) == ending
    return window[ends], words[ends]


def _unknown_words(tokens: np.ndarray, k: int) -> np.ndarray:
    """Which words hold an N."""
    unknown = np.cumsum(np.pad(tokens >= N, ((0, 0), (1, 0))), axis=1, dtype=np.int32)
    return unknown[:, k:] > unknown[:, :-k]


def on_the_other_strand(words: UInt64[np.ndarray, " m"], k: int) -> UInt64[np.ndarray, " m"]:
    """Codes of the reverse complements of words of k bases; none of them `NO_WORD`.

    All bits turned over, pairs of bits in the opposite order.
    """
    words = ~words
    for bits, mask in ((2, 0x3333333333333333), (4, 0x0F0F0F0F0F0F0F0F)):
        words = (words >> np.uint64(bits)) & np.uint64(mask) | (words & np.uint64(mask)) << np.uint64(bits)
    return words.byteswap() >> np.uint64(64 - 2 * k)


def _words(tokens: np.ndarray, k: int, kind: type[np.unsignedinteger] = np.uint64) -> np.ndarray:
    """Codes of the words as they are written, made of words of half the length."""
    if k == 1:
        return (tokens & 3).astype(kind)
    half = k // 2
    short = _words(tokens, half, kind)
    n = tokens.shape[1] - 2 * half + 1
    words = short[:, :n] << kind(2 * half) | short[:, half : half + n]
    return words[:, : n - 1] << kind(2) | (tokens[:, k - 1 :] & 3).astype(kind) if k % 2 else words
