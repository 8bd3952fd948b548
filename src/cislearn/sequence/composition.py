"""What share of a window is which base."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, UInt8

from cislearn.sequence.tokens import ALPHABET, N


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
