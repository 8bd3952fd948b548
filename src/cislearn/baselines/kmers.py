"""Logistic regression on counts of short words, both strands together."""

from __future__ import annotations

from functools import cache

import numpy as np
from jaxtyping import Float, Int, UInt8

from cislearn.baselines.baseline import register
from cislearn.baselines.logistic import LogisticBaseline


def count_kmers(tokens: UInt8[np.ndarray, "n length"], k: int) -> Float[np.ndarray, "n kmers"]:
    """Count the words of k bases in each window, a word and its reverse complement being one.

    Words with N count nowhere. Columns are in the order of the lesser of the two words' numbers, base 4 with ACGT as
    0123.

    Returns
    -------
    ndarray, shape (n, kmers), float32
        10 columns for k = 2, 2,080 for k = 6.
    """
    column = _columns(k)
    n, length = tokens.shape
    counts = np.zeros((n, column.max() + 1), dtype=np.float32)
    if length < k:
        return counts
    code = np.zeros((n, length - k + 1), dtype=np.int64)
    known = np.ones_like(code, dtype=bool)
    for i in range(k):
        base = tokens[:, i : length - k + 1 + i]
        code = code * 4 + np.minimum(base, 3)
        known &= base < 4
    rows = np.broadcast_to(np.arange(n)[:, None], code.shape)[known]
    np.add.at(counts, (rows, column[code[known]]), 1)
    return counts


@cache
def _columns(k: int) -> Int[np.ndarray, " words"]:
    """Column of each of the 4 ** k words."""
    words = np.arange(4**k)
    digits = words[:, None] // 4 ** np.arange(k)[::-1] % 4
    other = ((3 - digits[:, ::-1]) * 4 ** np.arange(k)[::-1]).sum(axis=1)
    return np.unique(np.minimum(words, other), return_inverse=True)[1]


@register
class KmerLogistic(LogisticBaseline):
    """Counts of words of six bases."""

    name = "6-mer_logistic"

    def features(self, tokens: UInt8[np.ndarray, "n length"]) -> Float[np.ndarray, "n 2080"]:
        """Return the square roots of the counts, which tames repeats."""
        return np.sqrt(count_kmers(tokens, 6))
