"""Hashes of windows, to find equal ones without comparing all pairs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import UInt8, UInt64

from cislearn.sequence.strand import reverse_complement

_CHUNK = 1 << 20
"""Bases hashed at a time, which bounds the memory."""


def forward_hash(tokens: UInt8[np.ndarray, "n length"]) -> UInt64[np.ndarray, " n"]:
    """Hash of each window as it is written.

    A multilinear hash: each position has its own odd 64-bit multiplier, the products are added in wrapping arithmetic
    and the sum is mixed. Two different windows collide with a probability of about 2 ** -62; the length is part of the
    hash. Values are the same on every machine.

    Parameters
    ----------
    tokens : UInt8 array, shape (n, length)
        A0 C1 G2 T3 N4.
    """
    multipliers = _multipliers(tokens.shape[1])
    out = np.empty(len(tokens), dtype=np.uint64)
    for rows in _chunks(tokens):
        out[rows] = _weighted_sum(tokens[rows], multipliers)
    return _mix(out)


def canonical_hash(tokens: UInt8[np.ndarray, "n length"]) -> UInt64[np.ndarray, " n"]:
    """Hash of each window that is equal for a window and its reverse complement.

    It is the smaller one of the `forward_hash` of the two strands.

    Parameters
    ----------
    tokens : UInt8 array, shape (n, length)
        A0 C1 G2 T3 N4.
    """
    out = np.empty(len(tokens), dtype=np.uint64)
    for rows in _chunks(tokens):
        out[rows] = np.minimum(forward_hash(tokens[rows]), forward_hash(reverse_complement(tokens[rows])))
    return out


def _chunks(tokens: np.ndarray) -> Iterator[slice]:
    step = max(1, _CHUNK // max(1, tokens.shape[1]))
    return (slice(first, first + step) for first in range(0, len(tokens), step))


def _weighted_sum(tokens: np.ndarray, multipliers: np.ndarray) -> np.ndarray:
    total = np.einsum("ij,j->i", tokens, multipliers, dtype=np.uint64, casting="unsafe")
    return total + np.uint64(tokens.shape[1])


def _multipliers(length: int) -> np.ndarray:
    return _mix(np.arange(1, length + 1, dtype=np.uint64)) | np.uint64(1)


def _mix(values: np.ndarray) -> np.ndarray:
    """Bijection of 64-bit words that spreads each bit over all (splitmix64; Steele, Lea and Flood 2014)."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
