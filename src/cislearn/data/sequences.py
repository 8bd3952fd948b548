"""Where the windows of a dataset come from: one table of tokens, or a genome and their places in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int, Shaped, UInt8

from cislearn.genome.token_genome import Genome
from cislearn.sequence.hashes import forward_hash
from cislearn.sequence.strand import reverse_complement
from cislearn.sequence.tokens import N

_AT_ONCE = 1 << 22
"""Bases looked at at a time."""


@runtime_checkable
class Sequences(Protocol):
    """Windows by row number; what batches, predictions and hashes read."""

    @property
    def width(self) -> int:
        """Bases of one window with its margins, ``length + 2 * margin``."""
        ...

    def __len__(self) -> int:
        """Return the number of rows."""
        ...

    def gather(
        self,
        rows: Int[np.ndarray, " n"],
        shift: Int[np.ndarray, " n"] | int = 0,
        reverse: Bool[np.ndarray, " n"] | None = None,
    ) -> UInt8[np.ndarray, "n width"]:
        """Windows of `rows`, each moved by `shift`, then reverse-complemented where `reverse`.

        Parameters
        ----------
        rows : ndarray, shape (n,), int
            Row numbers, in any order, with repeats.
        shift : ndarray, shape (n,), int, or int
            Bases by which the window moves to the right in its own reading direction (3' on the row's strand).
        reverse : ndarray, shape (n,), bool, optional
            Which windows are read on the strand opposite to the row's.
        """
        ...


@dataclass(frozen=True)
class TableSequences:
    """Windows kept as tokens, each distinct one once.

    Nothing is known beyond the stored width: a shifted window has N at the end that moved off it.

    Parameters
    ----------
    tokens : ndarray, shape (U, width), uint8
        Distinct windows with their margins, read on the strand of their rows.
    index : ndarray, shape (N,), int
        The window of each row.
    """

    tokens: UInt8[np.ndarray, "u width"]
    index: Int[np.ndarray, " n"]

    @classmethod
    def of(cls, tokens: UInt8[np.ndarray, "n width"]) -> TableSequences:
        """Table of `tokens`, one row each, that keeps equal windows once."""
        return cls(*deduplicate(tokens))

    @property
    def width(self) -> int:
        """Bases of one window with its margins."""
        return int(self.tokens.shape[1])

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.index)

    def take(self, rows: Int[np.ndarray, " n"]) -> TableSequences:
        """Return the table of `rows` only."""
        index, used = pd.factorize(self.index[rows])
        return TableSequences(self.tokens[used], index.astype(self.index.dtype))

    def gather(
        self,
        rows: Int[np.ndarray, " n"],
        shift: Int[np.ndarray, " n"] | int = 0,
        reverse: Bool[np.ndarray, " n"] | None = None,
    ) -> UInt8[np.ndarray, "n width"]:
        """Windows of `rows`, moved and reverse-complemented as `Sequences.gather` says."""
        windows = np.asarray(self.tokens[self.index[rows]])
        windows = _shifted(windows, np.broadcast_to(np.asarray(shift), len(windows)))
        if reverse is not None:
            windows[reverse] = reverse_complement(windows[reverse])
        return windows


@dataclass(frozen=True)
class GenomeSequences:
    """Windows read from genomes by their coordinates; off a chromosome's ends they are N.

    Parameters
    ----------
    genomes : mapping of str to Genome
        By name; the order gives their codes.
    genome : ndarray, shape (N,), int
        Code of the genome of each row.
    chrom : ndarray, shape (N,), int
        Code of the chromosome in that genome.
    start : ndarray, shape (N,), int64
        0-based first base of the window *with* its margin, on the forward strand.
    minus : ndarray, shape (N,), bool
        Rows that are read on the reverse strand.
    width : int
        Bases of one window with its margins.
    """

    genomes: Mapping[str, Genome]
    genome: Int[np.ndarray, " n"]
    chrom: Int[np.ndarray, " n"]
    start: Int[np.ndarray, " n"]
    minus: Bool[np.ndarray, " n"]
    width: int

    @classmethod
    def at(cls, loci: pd.DataFrame, genomes: Mapping[str, Genome], *, length: int, margin: int) -> GenomeSequences:
        """Windows of `length` with `margin` at the loci (columns genome, chrom, start, strand)."""
        names = list(genomes)
        code = pd.Categorical(loci["genome"], categories=names).codes.astype(np.int64)
        chrom = np.empty(len(loci), dtype=np.int64)
        for number, name in enumerate(names):
            there = code == number
            chrom[there] = loci["chrom"][there].map({c: genomes[name].code(c) for c in genomes[name].chromosomes})
        start = loci["start"].to_numpy(np.int64) - margin
        return cls(genomes, code, chrom, start, loci["strand"].to_numpy() == "-", length + 2 * margin)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.start)

    def take(self, rows: Int[np.ndarray, " n"]) -> GenomeSequences:
        """Return the windows of `rows` only."""
        parts = (self.genome[rows], self.chrom[rows], self.start[rows], self.minus[rows])
        return GenomeSequences(self.genomes, *parts, self.width)

    def gather(
        self,
        rows: Int[np.ndarray, " n"],
        shift: Int[np.ndarray, " n"] | int = 0,
        reverse: Bool[np.ndarray, " n"] | None = None,
    ) -> UInt8[np.ndarray, "n width"]:
        """Windows of `rows`, moved and reverse-complemented as `Sequences.gather` says."""
        rows = np.asarray(rows)
        minus = self.minus[rows]
        start = self.start[rows] + np.where(minus, -np.asarray(shift), shift)
        flip = minus if reverse is None else minus ^ reverse
        windows = np.empty((len(rows), self.width), dtype=np.uint8)
        for code, genome in enumerate(self.genomes.values()):
            there = self.genome[rows] == code
            if there.all():  # as always where there is one genome: no need to copy its windows into a table of all
                return genome.gather(self.chrom[rows], start, self.width, flip)
            if there.any():
                windows[there] = genome.gather(self.chrom[rows][there], start[there], self.width, flip[there])
        return windows


def deduplicate(
    tokens: UInt8[np.ndarray, "n width"],
) -> tuple[UInt8[np.ndarray, "u width"], Int[np.ndarray, " n"]]:
    """Distinct windows in first-seen order, and the number of each row's window in it.

    Rows are put together by a hash of 64 bits and then compared, so the answer is exact. Where two windows have one
    hash, which hardly ever is, the windows themselves are the keys, at the price of a second copy of them.
    """
    index, first = _number(forward_hash(tokens))
    if not _are_copies(tokens, first[index]):
        index, first = _number(np.array([row.tobytes() for row in tokens], dtype=object))
    distinct = tokens if len(first) == len(tokens) else tokens[first]
    return distinct, index.astype(np.int32 if len(tokens) < 2**31 else np.int64)


def _number(keys: Shaped[np.ndarray, " n"]) -> tuple[Int[np.ndarray, " n"], Int[np.ndarray, " u"]]:
    """Number of each key, in the order in which they are first seen, and the row in which each number is."""
    index, distinct = pd.factorize(keys)
    first = np.empty(len(distinct), dtype=np.int64)
    first[index[::-1]] = np.arange(len(keys))[::-1]
    return index, first


def _are_copies(tokens: UInt8[np.ndarray, "n width"], of: Int[np.ndarray, " n"]) -> bool:
    """Whether each row equals the row `of` it."""
    copies = np.flatnonzero(of != np.arange(len(tokens)))
    step = max(1, _AT_ONCE // max(1, tokens.shape[1]))
    return all(
        bool((tokens[rows] == tokens[of[rows]]).all())
        for rows in (copies[k : k + step] for k in range(0, len(copies), step))
    )


def map_windows(
    sequences: Sequences,
    function: Callable[[UInt8[np.ndarray, "k length"]], Shaped[np.ndarray, " k"]],
    *,
    margin: int = 0,
) -> Shaped[np.ndarray, " n"]:
    """Value of `function` for the window of each row, without its margin, some thousands at a time.

    Parameters
    ----------
    sequences : Sequences
        The windows.
    function : callable
        Tokens ``(k, length)`` to k values.
    margin : int
        Bases to leave out on either side.
    """
    if isinstance(sequences, TableSequences) and len(sequences.tokens) < len(sequences):
        distinct = TableSequences(sequences.tokens, np.arange(len(sequences.tokens)))
        return map_windows(distinct, function, margin=margin)[sequences.index]
    n_chunks = max(1, len(sequences) * sequences.width // _AT_ONCE)
    inner = slice(margin, sequences.width - margin)
    chunks = np.array_split(np.arange(len(sequences)), n_chunks)
    return np.concatenate([function(sequences.gather(rows)[:, inner]) for rows in chunks])


def _shifted(windows: UInt8[np.ndarray, "n width"], shift: Int[np.ndarray, " n"]) -> UInt8[np.ndarray, "n width"]:
    if not shift.any():
        return windows
    width = windows.shape[1]
    position = np.arange(width) + shift[:, None]
    moved = np.take_along_axis(windows, position.clip(0, width - 1), axis=1)
    moved[(position < 0) | (position >= width)] = N
    return moved
