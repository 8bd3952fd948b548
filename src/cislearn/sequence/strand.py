"""The other strand."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

from cislearn.sequence.tokens import N


def reverse_complement(tokens: UInt8[np.ndarray, "... length"]) -> UInt8[np.ndarray, "... length"]:
    """Tokens of the opposite strand, read in its own direction.

    In the order A, C, G, T the complement of a base is ``3 - token``; N stays N. Other base orders (ATCG and the like)
    need another rule, which is why the order is fixed once, in `cislearn.sequence.tokens`.

    Parameters
    ----------
    tokens : UInt8 array, shape (..., length)
        A0 C1 G2 T3 N4. The last axis runs along the sequence.

    Returns
    -------
    UInt8 array, shape (..., length)
        A new array; applying it twice gives the first back.
    """
    flipped = tokens[..., ::-1]
    return np.where(flipped < N, np.uint8(3) - flipped, flipped)
