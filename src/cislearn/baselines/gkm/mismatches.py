"""What two words of l bases that differ at m of them add to a gkm kernel."""

from __future__ import annotations

from itertools import product
from math import comb
from typing import Literal

import numpy as np
from jaxtyping import Float64

Kind = Literal["gapped", "truncated", "centred"]

_BASES = 4


def mismatch_weights(kind: Kind, l: int, k: int, d: int) -> Float64[np.ndarray, " d+1"]:
    """Return h(m) for m = 0 to d mismatches; pairs of words with more count nothing.

    Parameters
    ----------
    kind : {"gapped", "truncated", "centred"}
        ``gapped``: h(m) = C(l - m, k), the gapped words of k known bases that both hold (Ghandi et al. 2014).
        ``truncated`` and ``centred``: each word is spread over all 4^l words by `estimate`, without what comes from the
        first value on that is not positive, and h is the product of what two words have become.
    l, k : int
        Bases of a word, and how many of them a gapped word knows.
    d : int
        Most mismatches.
    """
    if kind == "gapped":
        return np.array([comb(l - m, k) for m in range(d + 1)], dtype=float)
    spread = np.array([estimate(l, k, m) for m in range(l + 1)])
    spread[np.argmax(spread <= 0) if (spread <= 0).any() else l + 1 :] = 0
    return np.array([spread @ _words_between(l, m) @ spread for m in range(d + 1)])


def estimate(l: int, k: int, m: int) -> float:
    """Return what a word adds to the estimated count of a word that differs from it at m places.

    The estimate is the least one, by its squares, with the given counts of gapped words, so it is the projection on
    functions of words that are sums of functions of k bases: 4^-l times the sum of the Krawtchouk polynomials of degree
    0 to k at m. The idea is that of Ghandi, Mohammad-Noori and Beer 2014 (J Math Biol 69:469).
    """
    krawtchouk = [
        sum((-1) ** i * (_BASES - 1) ** (j - i) * comb(m, i) * comb(l - m, j - i) for i in range(j + 1))
        for j in range(k + 1)
    ]
    return float(sum(krawtchouk)) / _BASES**l


def _words_between(l: int, m: int) -> Float64[np.ndarray, "l+1 l+1"]:
    """How many words differ at i places from one word and at j from another, the two differing at m places.

    The coefficients of (1 + 3xy)^(l - m) (x + y + 2xy)^m: where the two agree, a word has their base, or differs from
    both; where they do not, it has either base, or differs from both.
    """
    counts = np.zeros((l + 1, l + 1))
    counts[0, 0] = 1
    for is_equal in [True] * (l - m) + [False] * m:
        there = np.array([[1, 0], [0, _BASES - 1]]) if is_equal else np.array([[0, 1], [1, _BASES - 2]])
        grown = np.zeros_like(counts)
        for i, j in product(range(2), repeat=2):
            grown[i:, j:] += there[i, j] * counts[: l + 1 - i, : l + 1 - j]
        counts = grown
    return counts
