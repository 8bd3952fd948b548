"""A genome as a memory map: opened at once, windows gathered by position as tokens."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Int, UInt8

from cislearn.errors import UserError
from cislearn.genome.chromosomes import some_names
from cislearn.genome.genome_index import GenomeIndex, build_cache, find_cache
from cislearn.genome.packed import PackedBases
from cislearn.genome.stream import Progress
from cislearn.sequence.strand import reverse_complement
from cislearn.sequence.tokens import N

_CHUNK = 1 << 20
"""Bases gathered at a time, which bounds the memory of the index arithmetic."""


def open_genome(path: str | Path, *, cache: Path | None = None, progress: Progress | None = None) -> Genome:
    """Open a FASTA file as a genome; the first time its bases are written to a cache, four a byte.

    The cache is the folder ``<fasta>.cislearn`` beside the file or, where that folder may not be written, one under
    ``$CISLEARN_CACHE`` (``~/.cache/cislearn/genomes`` where it is not set). It is trusted while size and time of change
    of the FASTA file agree with it, or else its content; a truncated or foreign cache is built anew.

    Parameters
    ----------
    path : str or Path
        The FASTA file, plain, gzip or bgzip.
    cache : Path, optional
        Folder that the cache is kept under in place of those.
    progress : callable, optional
        Called with the bytes read and the size of the file while the cache is built.

    Raises
    ------
    UserError
        As `cislearn.genome.fasta.read_fasta`; two chromosomes of one name; no folder for the cache can be written.
    """
    fasta = Path(path).expanduser().resolve()
    places = _places(fasta, cache)
    folder, index = find_cache(fasta, places) or build_cache(fasta, places, progress)
    return Genome(fasta, folder, index)


class Genome:
    """The chromosomes of a genome; made by `open_genome`. Pickles as its address, and reopens the map.

    Parameters
    ----------
    path : Path
        The FASTA file.
    folder : Path
        Its cache.
    index : GenomeIndex
        What the cache holds.

    Attributes
    ----------
    hash : str
        blake2b of the unpacked FASTA file.
    chromosomes : dict of str to int
        Name to length (bp), in the order of the file; the position in this order is the code of a chromosome.
    n_bases, n_unknown, n_soft_masked : int
        Bases in all, those that are N, those in lower case.
    """

    def __init__(self, path: Path, folder: Path, index: GenomeIndex) -> None:
        self.path, self.folder, self.index = path, folder, index
        self.hash = index.hash
        self.chromosomes = {entry.name: entry.length for entry in index.chromosomes}
        self.n_bases = sum(self.chromosomes.values())
        self.n_unknown = sum(entry.n_unknown for entry in index.chromosomes)
        self.n_soft_masked = sum(entry.n_soft_masked for entry in index.chromosomes)
        self._codes = {name: code for code, name in enumerate(self.chromosomes)}
        self._offsets = np.array([entry.offset for entry in index.chromosomes], dtype=np.int64)
        self._lengths = np.array(list(self.chromosomes.values()), dtype=np.int64)
        self._bases = PackedBases(folder)

    def __reduce__(self) -> tuple[Any, ...]:
        return Genome, (self.path, self.folder, self.index)

    def __repr__(self) -> str:
        return f"Genome({self.path.name}: {len(self.chromosomes):,} chromosomes, {self.n_bases:,} bp)"

    def code(self, name: str) -> int:
        """Position of a chromosome in the order of the file.

        Raises
        ------
        UserError
            Where there is no such chromosome.
        """
        if name not in self._codes:
            raise UserError(f"chromosome {name!r} is not there; it has {some_names(self.chromosomes)}", where=self.path)
        return self._codes[name]

    def gather(
        self,
        chrom: Int[np.ndarray, " n"],
        start: Int[np.ndarray, " n"],
        length: int,
        reverse: Bool[np.ndarray, " n"] | None = None,
    ) -> UInt8[np.ndarray, "n length"]:
        """Tokens of windows of one length.

        Positions off the chromosome are N, never bases of its neighbour in the file.

        Parameters
        ----------
        chrom : Int array, shape (n,)
            Codes of chromosomes.
        start : Int array, shape (n,)
            First positions on the forward strand, 0-based; may be negative or beyond the end.
        length : int
            Bases of each window.
        reverse : Bool array, shape (n,), optional
            Which windows are to be read on the minus strand: the reverse complement of the same positions.

        Raises
        ------
        ValueError
            Where a code is no chromosome's, or the length is not positive.
        """
        chrom, start = np.asarray(chrom, dtype=np.int64), np.asarray(start, dtype=np.int64)
        if length < 1:
            raise ValueError(f"windows have one base or more, not {length}")
        if chrom.size and not 0 <= chrom.min() <= chrom.max() < len(self._lengths):
            raise ValueError(f"codes of chromosomes run from 0 to {len(self._lengths) - 1}")
        step = max(1, _CHUNK // length)
        if len(start) > step:
            windows = np.empty((len(start), length), dtype=np.uint8)
            for first in range(0, len(start), step):
                rows = slice(first, first + step)
                turned = None if reverse is None else reverse[rows]
                windows[rows] = self.gather(chrom[rows], start[rows], length, turned)
            return windows
        windows = self._gather(chrom, start, length)
        if reverse is not None and np.any(reverse):
            windows[reverse] = reverse_complement(windows[reverse])
        return windows

    def _gather(self, chrom: np.ndarray, start: np.ndarray, length: int) -> np.ndarray:
        is_inside = (start >= 0) & (start + length <= self._lengths[chrom])
        if is_inside.all():
            return self._bases.windows(self._offsets[chrom] + start, length)
        windows = np.empty((len(start), length), dtype=np.uint8)
        if is_inside.any():
            windows[is_inside] = self._gather(chrom[is_inside], start[is_inside], length)
        windows[~is_inside] = self._gather_padded(chrom[~is_inside], start[~is_inside], length)
        return windows

    def _gather_padded(self, chrom: np.ndarray, start: np.ndarray, length: int) -> np.ndarray:
        last = self._lengths[chrom, None] - 1
        positions = start[:, None] + np.arange(length)
        on_chromosome = (positions >= 0) & (positions <= last)
        bases = self._bases.at(self._offsets[chrom, None] + np.clip(positions, 0, last))
        return np.where(on_chromosome, bases, N)


def _places(fasta: Path, cache: Path | None) -> list[Path]:
    address = hashlib.blake2b(os.fsencode(fasta), digest_size=8).hexdigest()
    if cache is not None:
        return [Path(cache) / f"{fasta.name}.{address}"]
    named = os.environ.get("CISLEARN_CACHE")
    user = Path(named) if named else Path.home() / ".cache" / "cislearn" / "genomes"
    return [fasta.with_name(f"{fasta.name}.cislearn"), user / f"{fasta.name}.{address}"]
