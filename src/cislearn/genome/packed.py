"""Bases at two bits each, with the stretches of N beside them: what a genome is on disk and as a memory map.

Whatever of a map was read counts as memory of the process, and windows from anywhere in a genome soon have read all of
it: a human genome is 0.8 GB so, and would be 3.1 GB at a byte a base.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO

import numpy as np
from jaxtyping import Int, Int64, UInt8

from cislearn.sequence.tokens import N

BASES = "bases.u2"
UNKNOWN = "unknown.i8"

PER_BYTE = 4
"""Bases in a byte, the first one in its lowest bits."""

_AT_ONCE = 1 << 18
"""Bases packed at a time; they stay near the processor."""

_EACH = np.uint32(0x03030303)
_PAIRS = np.uint32(0x000F000F)


class PackedWriter:
    """Writes bases as they come, and then the stretches of N.

    Parameters
    ----------
    folder : Path
        For the files ``BASES`` and ``UNKNOWN``.
    """

    def __init__(self, folder: Path) -> None:
        self._out: IO[bytes] = (folder / BASES).open("wb")
        self._unknown = folder / UNKNOWN
        self._carried = np.empty(0, dtype=np.uint8)
        self._edges = [np.empty(0, dtype=np.int64)]
        self._n_bases = 0

    def __enter__(self) -> PackedWriter:
        return self

    def __exit__(self, kind: type | None, *error: object) -> None:
        if kind is None:
            self._out.write(pack(self._carried).data)
            _joined(np.concatenate(self._edges)).tofile(self._unknown)
        self._out.close()

    def write(self, tokens: UInt8[np.ndarray, " n"]) -> None:
        """Append bases."""
        for first in range(0, len(tokens), _AT_ONCE):
            self._write(tokens[first : first + _AT_ONCE])

    def _write(self, tokens: UInt8[np.ndarray, " n"]) -> None:
        is_unknown = np.pad(tokens == N, 1).view(np.int8)
        self._edges.append(self._n_bases + np.flatnonzero(np.diff(is_unknown)))
        self._n_bases += len(tokens)
        tokens = np.concatenate([self._carried, tokens])
        n_whole = len(tokens) // PER_BYTE * PER_BYTE
        self._out.write(pack(tokens[:n_whole]).data)
        self._carried = tokens[n_whole:]


class PackedBases:
    """Bases read by their positions.

    Parameters
    ----------
    folder : Path
        What a `PackedWriter` wrote.
    """

    def __init__(self, folder: Path) -> None:
        self._packed = np.asarray(np.memmap(folder / BASES, dtype=np.uint8, mode="r"))
        unknown = np.fromfile(folder / UNKNOWN, dtype=np.int64).reshape(-1, 2)
        # A stretch before the first base, so that each position has one that begins at or before it.
        self._begin, self._end = np.concatenate([np.full((1, 2), -1), unknown]).T.copy()

    def at(self, position: Int[np.ndarray, "*shape"]) -> UInt8[np.ndarray, "*shape"]:
        """Token of each position."""
        token = self._packed[position // PER_BYTE] >> (position % PER_BYTE * 2).astype(np.uint8) & 3
        stretch = np.searchsorted(self._begin, position, side="right") - 1
        return np.where(position < self._end[stretch], N, token)

    def windows(self, start: Int64[np.ndarray, " n"], length: int) -> UInt8[np.ndarray, "n length"]:
        """Tokens of windows, all of which lie within the bases."""
        if not len(start):
            return np.empty((0, length), dtype=np.uint8)
        n_bytes = min(length // PER_BYTE + 2, len(self._packed))
        first = np.minimum(start // PER_BYTE, len(self._packed) - n_bytes)
        rows = unpack(_every_stretch(self._packed, n_bytes)[first])
        skipped = start - first * PER_BYTE
        # Rows that begin at bases of their own are rows of a strided view, which are copied whole.
        every_window = _every_stretch(rows.ravel(), length)
        windows = every_window[np.arange(len(start)) * rows.shape[1] + skipped]
        n_ended = np.searchsorted(self._end, start, side="right")
        n_begun = np.searchsorted(self._begin, start + length, side="left")
        holds_n = np.flatnonzero(n_begun > n_ended)
        if len(holds_n):
            windows[holds_n] = self.at(start[holds_n, None] + np.arange(length))
        return windows


def pack(tokens: UInt8[np.ndarray, " n"]) -> UInt8[np.ndarray, " bytes"]:
    """Four bases a byte; an N becomes an A, and the last byte is filled up with A."""
    filled = np.pad(tokens, (0, -len(tokens) % PER_BYTE))
    four = filled.view("<u4") & _EACH
    four = (four | four >> np.uint32(6)) & _PAIRS
    return (four | four >> np.uint32(12)).astype(np.uint8)


def unpack(packed: UInt8[np.ndarray, "n bytes"]) -> UInt8[np.ndarray, "n bases"]:
    """Tokens of rows of packed bases."""
    four = packed.astype("<u4")
    moved = np.left_shift(four, np.uint32(12))
    four |= moved
    four &= _PAIRS
    four |= np.left_shift(four, np.uint32(6), out=moved)  # into memory that is near the processor already
    four &= _EACH
    return four.view(np.uint8)


def _every_stretch(values: UInt8[np.ndarray, " n"], length: int) -> UInt8[np.ndarray, "m length"]:
    """View of every stretch; `sliding_window_view` is the same, and takes as long to make as a hundred rows to copy."""
    return np.ndarray((max(0, len(values) - length + 1), length), np.uint8, buffer=values, strides=(1, 1))


def _joined(edges: Int64[np.ndarray, " k"]) -> Int64[np.ndarray, " m"]:
    """Where stretches begin and end, in turns; an end that is the next beginning is no edge."""
    is_both = edges[1:] == edges[:-1]
    return edges[~(np.pad(is_both, (1, 0)) | np.pad(is_both, (0, 1)))] if len(edges) else edges
