"""Motif instances put into windows, never over one another."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int, Int64, UInt8

from cislearn.motifs.matrix import Motif
from cislearn.motifs.sampling import sample_instances
from cislearn.sequence.strand import reverse_complement


@dataclass
class Canvas:
    """Windows that motifs are planted into, and what was planted where.

    Parameters
    ----------
    tokens : ndarray, shape (n, length), uint8
        Changed in place.
    """

    tokens: UInt8[np.ndarray, "n length"]
    taken: Bool[np.ndarray, "n length"] = field(init=False)
    planted: list[pd.DataFrame] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.taken = np.zeros(self.tokens.shape, bool)

    def plant(
        self, motif: Motif, rows: Int[np.ndarray, " k"], starts: Int[np.ndarray, " k"], rng: np.random.Generator
    ) -> None:
        """Write an instance of `motif` into each of `rows`, on either strand with equal chance.

        Parameters
        ----------
        motif : Motif
            What is planted.
        rows : ndarray, shape (k,)
            Windows, each at most once.
        starts : ndarray, shape (k,)
            0-based position of the leftmost base, whichever the strand.
        rng : Generator
            Where chance comes from.
        """
        instances = sample_instances(motif, len(rows), rng)
        minus = rng.random(len(rows)) < 0.5
        instances[minus] = reverse_complement(instances[minus])
        columns = starts[:, None] + np.arange(motif.width)
        self.tokens[rows[:, None], columns] = instances
        self.taken[rows[:, None], columns] = True
        strand = np.where(minus, "-", "+")
        places = {"row": rows, "motif": motif.name, "start": starts, "end": starts + motif.width, "strand": strand}
        self.planted.append(pd.DataFrame(places))

    def free_starts(self, rows: Int[np.ndarray, " k"], width: int, rng: np.random.Generator) -> Int64[np.ndarray, " k"]:
        """Draw a start for `width` bp in each of `rows`, uniform over those that touch no motif; -1 if none."""
        before = np.zeros((len(rows), self.taken.shape[1] + 1), np.int64)
        np.cumsum(self.taken[rows], axis=1, out=before[:, 1:])
        free = before[:, width:] == before[:, :-width]
        n_free = free.sum(axis=1)
        chosen = np.floor(rng.random(len(rows)) * n_free)
        start = (np.cumsum(free, axis=1) > chosen[:, None]).argmax(axis=1)
        return np.where(n_free > 0, start, -1)

    def truth(self) -> pd.DataFrame:
        """Every planted motif (row, motif, start, end, strand), by row and start."""
        return pd.concat(self.planted).sort_values(["row", "start"], ignore_index=True)
