"""What a file says, row by row, before it becomes examples: loci, sequences or both, and labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int64, UInt8

from cislearn.sequence.tokens import N

ROW_DEFAULTS: dict[str, Any] = {
    "name": "", "chrom": "", "start": -1, "end": -1, "strand": ".", "summit": -1,
    "domain": "", "part": "", "line": 0, "note": "",
}  # fmt: skip
"""Columns of ``Entries.rows`` with what stands there where the file is silent."""


@dataclass(frozen=True)
class Ragged:
    """Sequences of any lengths, end to end.

    Parameters
    ----------
    tokens : ndarray, shape (sum of lengths,), uint8
        All bases.
    lengths : ndarray, shape (n,), int64
        Bases of each sequence.
    """

    tokens: UInt8[np.ndarray, " bases"]
    lengths: Int64[np.ndarray, " n"]

    @classmethod
    def of(cls, sequences: list[UInt8[np.ndarray, " _"]]) -> Ragged:
        """Put `sequences` end to end."""
        lengths = np.array([len(tokens) for tokens in sequences], dtype=np.int64)
        return cls(np.concatenate([np.empty(0, dtype=np.uint8), *sequences]), lengths)

    def __len__(self) -> int:
        """Return the number of sequences."""
        return len(self.lengths)

    def part(self, rows: slice) -> Ragged:
        """Return the sequences of `rows`."""
        first, last, _ = rows.indices(len(self))
        start, size = int(self.lengths[:first].sum()), int(self.lengths[first:last].sum())
        return Ragged(self.tokens[start : start + size], self.lengths[first:last])

    def windows(self, length: int, margin: int = 0) -> UInt8[np.ndarray, "n width"]:
        """Windows about the centres, cut off or filled with N at the ends.

        The window of a sequence of n bases is ``[n // 2 - length // 2, + length)``, as that of a region about its
        centre, and has `margin` more bases on either side.
        """
        width = length + 2 * margin
        windows = np.full((len(self), width), N)
        offsets = np.cumsum(self.lengths) - self.lengths
        first = self.lengths // 2 - length // 2 - margin
        step = max(1, (1 << 22) // width)
        for rows in (slice(k, k + step) for k in range(0, len(self), step)):
            position = first[rows, None] + np.arange(width)
            inside = (position >= 0) & (position < self.lengths[rows, None])
            windows[rows][inside] = self.tokens[(offsets[rows, None] + position)[inside]]
        return windows


@dataclass(frozen=True)
class Entries:
    """The rows of one file.

    Parameters
    ----------
    path : Path
        The file.
    rows : DataFrame
        ``ROW_DEFAULTS`` says the columns (0-based half-open loci, ``summit`` absolute); a DeepBind file adds ``fold``.
    sequences : Ragged, optional
        One a row, read on the row's strand; absent where the file has loci only.
    labels : DataFrame
        A float column a task, NaN where absent; no column where the file does not say.
    ignored : tuple of str
        Columns of the file that were not used.
    has_uracil : bool
        Whether a sequence was written in the letters of RNA.
    """

    path: Path
    rows: pd.DataFrame
    sequences: Ragged | None = None
    labels: pd.DataFrame = field(default_factory=pd.DataFrame)
    ignored: tuple[str, ...] = ()
    has_uracil: bool = False

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def part(self, rows: slice) -> Entries:
        """Return the entries of `rows` only, without labels."""
        sequences = None if self.sequences is None else self.sequences.part(rows)
        return Entries(self.path, self.rows[rows].reset_index(drop=True), sequences)

    @property
    def lengths(self) -> Int64[np.ndarray, " n"]:
        """Bases of each row's sequence, or of its region where there is no sequence."""
        if self.sequences is not None:
            return self.sequences.lengths
        return (self.rows["end"] - self.rows["start"]).to_numpy(np.int64)


def rows_table(n: int, **columns: Any) -> pd.DataFrame:
    """Table of `n` rows with `columns` and the defaults for all others."""
    return pd.DataFrame({**ROW_DEFAULTS, **columns}, index=pd.RangeIndex(n))


def fit_loci(rows: pd.DataFrame, lengths: Int64[np.ndarray, " n"]) -> pd.DataFrame:
    """Check the loci of rows with sequences, 0-based half-open, against the lengths of these.

    Where all loci of a file are one base short they are 1-based with the end included, as samtools writes them, and are
    converted. A single locus that does not fit is taken away, and so is a chromosome without start and end, which is no
    place. The note of a row says each of these.
    """
    alone = (rows["chrom"] != "") & ((rows["start"] < 0) | (rows["end"] < 0))
    if alone.any():
        rows = _take_away(rows, alone, rows["chrom"] + " without start and end is no locus")
    known = rows["start"] >= 0
    lacking = lengths - (rows["end"] - rows["start"])
    if known.any() and (lacking[known] == 1).all() and (rows["start"][known] > 0).all():
        note = rows["note"].mask(known, "locus read as 1-based")
        return rows.assign(start=rows["start"].mask(known, rows["start"] - 1), note=note)
    misfit = known & (lacking != 0)
    if not misfit.any():
        return rows
    place = rows["chrom"] + ":" + rows["start"].astype(str) + "-" + rows["end"].astype(str)
    note = "locus " + place + " does not fit " + pd.Series(lengths, index=rows.index).astype(str) + " bp"
    return _take_away(rows, misfit, note)


def _take_away(rows: pd.DataFrame, wrong: pd.Series, note: pd.Series) -> pd.DataFrame:
    """Return `rows` without the loci that are `wrong`, and with a note of each."""
    rows = rows.assign(note=rows["note"].mask(wrong, note))
    for column in ("chrom", "start", "end", "strand"):
        rows[column] = rows[column].mask(wrong, ROW_DEFAULTS[column])
    return rows
