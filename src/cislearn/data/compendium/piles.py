"""Windows of all cells, sorted into piles by chromosome and strand, on disk: there may be hundreds of millions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Int64


class Piles:
    """One pile a strand of a chromosome.

    Parameters
    ----------
    folder : Path
        Where they are kept; it is empty.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers: dict[tuple[str, str], int] = {}

    def add(self, chrom: str, strand: str, start: Int64[np.ndarray, " n"], cell: Int64[np.ndarray, " n"]) -> None:
        """Put windows that begin at `start` and are active in `cell` on their pile."""
        number = self._numbers.setdefault((chrom, strand), len(self._numbers))
        with (self.folder / str(number)).open("ab") as pile:
            np.stack([start, cell], axis=1).tofile(pile)

    def take(self, chrom: str, strand: str) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " n"]]:
        """Start and cell of the windows of a pile, which is then gone; there may be none."""
        number = self._numbers.pop((chrom, strand), None)
        if number is None:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        path = self.folder / str(number)
        pairs = np.fromfile(path, dtype=np.int64).reshape(-1, 2)
        path.unlink()
        return pairs[:, 0], pairs[:, 1]
