"""Piles of windows to loci and labels: merged strand by strand, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int8, UInt8

from cislearn.data.compendium.frame import Frame
from cislearn.data.compendium.piles import Piles
from cislearn.data.examples import ONLY_N
from cislearn.data.sequences import map_windows
from cislearn.errors import UserError
from cislearn.genome.merging import Merged, merge_windows
from cislearn.sequence.tokens import N

STRANDS = ("+", "-")


def merge_piles(
    piles: Piles, frame: Frame, n_cells: int, path: Path
) -> tuple[pd.DataFrame, Int8[np.ndarray, "n t"], pd.DataFrame]:
    """Merge all piles, one after the other.

    Returns
    -------
    loci : DataFrame
        Of the merged windows, in the order of the genome.
    labels : ndarray, shape (windows, cells), int8
        A memory map of `path`, to which they are written as they come.
    only_n : DataFrame
        Loci of those that are N only, with ``DROPPED_COLUMNS`` but the file.

    Raises
    ------
    UserError
        Where no window is left.
    """
    kept, only_n = [frame.loci("", "+", np.empty(0, dtype=np.int64))], list[pd.DataFrame]()
    with path.open("wb") as stream:
        for chrom in frame.genome.chromosomes:
            for strand in STRANDS:
                for merged in _merged(piles, chrom, strand, frame, n_cells):
                    loci = frame.loci(chrom, strand, merged.start)
                    unknown = map_windows(frame.windows(loci), _has_no_base, margin=frame.margin)
                    kept.append(loci[~unknown])
                    only_n.append(loci[unknown])
                    labels = np.unpackbits(merged.active[~unknown], axis=1, count=n_cells, bitorder="little")
                    labels.astype(np.int8).tofile(stream)
    loci, left_out = (pd.concat(tables, ignore_index=True) for tables in (kept, [kept[0], *only_n]))
    if loci.empty:
        raise UserError("no window is left: none of them has a known base", fix="Is it the genome of the regions?")
    labels = np.memmap(path, dtype=np.int8, mode="r", shape=(len(loci), n_cells))
    return loci, labels, left_out.assign(line=0, name="", reason=ONLY_N)


def _merged(piles: Piles, chrom: str, strand: str, frame: Frame, n_cells: int) -> Iterator[Merged]:
    start, cell = piles.take(chrom, strand)
    return merge_windows(start, cell, n_cells=n_cells, length=frame.length, overlap=frame.overlap)


def _has_no_base(tokens: UInt8[np.ndarray, "k length"]) -> Bool[np.ndarray, " k"]:
    return (tokens == N).all(axis=1)
