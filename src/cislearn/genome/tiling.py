"""A genome covered by windows at equal steps, each of which speaks for the bases about its centre."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Int64

from cislearn.errors import UserError


@dataclass(frozen=True)
class Tiling:
    """Windows of `length` bp every `step` bp, and the tile of each: the `step` bases about the window's centre.

    Tiles are numbered through chromosome after chromosome, in the order of their names, which is the order in which a
    bigWig file lists them. Window k of a chromosome begins at ``k * step``, and its tile `around` bases later. A window
    lies wholly on its chromosome, so the tiles leave free the first ``(length - step) // 2`` bases of a chromosome, and
    at its end fewer than ``(length + step) / 2 + 1``.

    Parameters
    ----------
    names : tuple of str
        Chromosomes with one tile or more, in order.
    first : ndarray, shape (chromosomes + 1,)
        Number of the first tile of each, and of all tiles.
    length, step : int
        In bp; a step is at most a window.
    too_short : dict of str to int
        Chromosomes shorter than a window, with their lengths (bp): they have no tile.
    """

    names: tuple[str, ...]
    first: Int64[np.ndarray, " m"]
    length: int
    step: int
    too_short: Mapping[str, int]

    @classmethod
    def of(cls, chromosomes: Mapping[str, int], length: int, step: int) -> Tiling:
        """Return the tiles of chromosomes, given by their lengths (bp).

        Raises
        ------
        UserError
            Where all of them are shorter than a window, or the step is no part of one.
        """
        if not 1 <= step <= length:
            fix = f"Give 1 to {length}, the bases of a window."
            raise UserError(f"{step} bp is no step of windows of {length} bp", where="--step", fix=fix)
        names = tuple(sorted(name for name, bases in chromosomes.items() if bases >= length))
        if not names:
            raise UserError(f"all {len(chromosomes):,} chromosomes are shorter than a window of {length} bp")
        tiles = [(chromosomes[name] - length) // step + 1 for name in names]
        too_short = {name: bases for name, bases in chromosomes.items() if bases < length}
        return cls(names, np.concatenate([[0], np.cumsum(tiles, dtype=np.int64)]), length, step, too_short)

    def __len__(self) -> int:
        return int(self.first[-1])

    @property
    def around(self) -> int:
        """Bases of a window before its tile."""
        return (self.length - self.step) // 2

    def windows(self, begin: int, end: int) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " n"]]:
        """Return of tiles `begin` to `end` the chromosomes, by their place in `names`, and where windows begin."""
        tiles = np.arange(begin, end, dtype=np.int64)
        chrom = np.searchsorted(self.first, tiles, side="right") - 1
        return chrom, (tiles - self.first[chrom]) * self.step

    def stretches(self, begin: int, end: int) -> Iterator[tuple[str, slice, Int64[np.ndarray, " n"]]]:
        """Yield of tiles `begin` to `end` those of each chromosome: its name, which they are, where they begin."""
        chrom, start = self.windows(begin, end)
        bounds = [0, *(np.flatnonzero(np.diff(chrom)) + 1).tolist(), len(chrom)]
        for low, high in pairwise(bounds):
            if high > low:
                yield self.names[chrom[low]], slice(low, high), start[low:high] + self.around
