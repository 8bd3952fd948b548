"""Windows that motifs are sought in, some at a time, with their labels where these are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, UInt8

from cislearn.prediction.predictor import Signals

BASES_AT_ONCE = 1 << 16
"""Bases looked at in one go: what a layer of some hundred filters makes of them stays small."""


class Piece(NamedTuple):
    """Some of the windows."""

    rows: Int[np.ndarray, " m"]
    tokens: UInt8[np.ndarray, "m length"]
    tracks: Signals


@dataclass(frozen=True)
class Windows:
    """Windows that are read when they are asked for.

    Parameters
    ----------
    n, length : int
        How many, and of how many bp.
    read : callable
        From numbers of windows to their tokens and tracks.
    labels : ndarray, shape (n, tasks), optional
        NaN where absent; None where nothing is known.
    """

    n: int
    length: int
    read: Callable[[np.ndarray], tuple[np.ndarray, Signals]]
    labels: Float[np.ndarray, "n t"] | None = None

    def pieces(self) -> Iterator[Piece]:
        """Yield all windows, `BASES_AT_ONCE` at a time."""
        size = max(1, BASES_AT_ONCE // self.length)
        for rows in np.array_split(np.arange(self.n), -(-self.n // size)):
            yield Piece(rows, *self.read(rows))

    def drawn(self, most: int, seed: int = 0) -> Windows:
        """Return `most` of them drawn at random, or all, in order."""
        if self.n <= most:
            return self
        rows = np.sort(np.random.default_rng(seed).choice(self.n, most, replace=False))
        return Windows(
            most, self.length, lambda part: self.read(rows[part]), None if self.labels is None else self.labels[rows]
        )


def windows_in_memory(
    tokens: UInt8[np.ndarray, "n length"], tracks: Signals = None, labels: Float[np.ndarray, "n t"] | None = None
) -> Windows:
    """Return windows that are held whole."""
    return Windows(
        len(tokens), tokens.shape[1], lambda rows: (tokens[rows], None if tracks is None else tracks[rows]), labels
    )
