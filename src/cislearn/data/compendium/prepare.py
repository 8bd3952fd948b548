"""Regions of many cell types to one dataset, labelled 1 or 0 for every one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import Int64, Shaped

from cislearn.atomic import refuse_taken
from cislearn.data.compendium.cells import Cell, read_cells
from cislearn.data.compendium.earlier import OVERLAP, add_windows, genome_of, read_earlier
from cislearn.data.compendium.piles import Piles
from cislearn.data.dataset import DROPPED_COLUMNS, Dataset, write_dataset
from cislearn.data.examples import ONLY_N
from cislearn.data.genomes import Genomes
from cislearn.data.inputs import ONLY_DOMAIN, file_record
from cislearn.data.marker import MARKER
from cislearn.data.prevalence import PREVALENCE, count_active, told
from cislearn.data.provenance import provenance
from cislearn.data.sequences import GenomeSequences, map_windows
from cislearn.errors import UserError, nearest
from cislearn.genome.chromosomes import map_chromosomes
from cislearn.genome.intervals import read_intervals
from cislearn.genome.merging import Merged, merge_windows, window_starts
from cislearn.genome.token_genome import Genome
from cislearn.genome.windows import off_genome
from cislearn.progress import Progress, silent
from cislearn.schema import DataSpec, TaskSpec
from cislearn.sequence.tokens import N

LENGTH, MERGE_OVERLAP = 600, 200
"""Basset's: ``preprocess_features.py -m 200 -s 600``."""
STRANDS = ("+", "-")
TOO_SHORT = "{chrom} is shorter than a window"
LEFT_OUT = "{chrom} is left out"


@dataclass(frozen=True)
class Frame:
    """What all windows of a compendium have in common.

    Parameters
    ----------
    genome : Genome
        On which they lie.
    name : str
        Of that genome.
    length, margin : int
        Bases of a window, and those stored on either side.
    overlap : int
        Bases by which windows overlap that are merged.
    without : tuple of str
        Chromosomes that are left out.
    """

    genome: Genome
    name: str
    length: int
    margin: int
    overlap: int
    without: tuple[str, ...]


def prepare_compendium(
    out: Path | str,
    *,
    cells: Path | str,
    genome: Path | str | None = None,
    length: int | None = None,
    merge_overlap: int | None = None,
    margin: int = 0,
    without: Sequence[str] = (),
    outside: Literal["error", "drop"] = "error",
    add: Path | str | None = None,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Dataset:
    """Make a dataset with one binary task for each of many region files, all windows labelled for all tasks.

    Regions become windows about their midpoints, and windows of all cells that overlap are merged as Basset does it
    (Kelley et al. 2016; `cislearn.genome.merging.merge_windows`). A window is 1 for the cells whose regions went into
    it, else 0. Memory does not grow with the number of regions of all cells together, but with those of a chromosome.

    Parameters
    ----------
    out : Path
        The folder to be.
    cells : Path
        A table of names and region files, or a folder; see `cislearn.data.compendium.cells.read_cells`.
    genome : Path, optional
        FASTA; needed unless cells are added to a compendium, which knows its own.
    length, merge_overlap : int, optional
        Window length in bp and the overlap from which on two windows are one; 600 and 200, or those of the compendium
        that cells are added to.
    margin : int
        Bases stored on either side, for shifts.
    without : list of str
        Chromosomes that are left out; Basset's option -y is ``["chrY"]``.
    outside : {"error", "drop"}
        What is done with regions past the end of their chromosome.
    add : Path, optional
        A compendium. Its windows, with the cells that they are active in, are merged with the regions of the new cells,
        whose tasks come after its own.
    overwrite : bool
        Replace a dataset that is there.
    progress : callable, optional
        Told what is done next.

    Returns
    -------
    Dataset
        As read from the folder, which also holds ``prevalence.tsv``.

    Raises
    ------
    UserError
        For anything in the files or options that cannot be; says where and what to do.
    """
    out = Path(out)
    refuse_taken(out, marker=MARKER, overwrite=overwrite)
    listed = read_cells(cells)
    earlier = None if add is None else read_earlier(add)
    frame = _frame(genome, length, merge_overlap, margin, without, earlier, progress)
    names = _task_names(listed, earlier, Path(cells))
    n_earlier = len(names) - len(listed)
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{out.name}.merging-", dir=out.parent) as folder:
        piles = Piles(Path(folder))
        if earlier is not None:
            progress(f"reading {add}")
            add_windows(piles, earlier)
        files, dropped, notes = list[dict[str, Any]](), list[pd.DataFrame](), list[str]()
        for number, cell in enumerate(listed, start=n_earlier):
            progress(f"reading {cell.path}")
            left_out, note, n = _pile_up(piles, cell, number, frame, outside)
            dropped.append(left_out)
            notes += [f"{cell.path}: {note}"] if note else []
            files.append(file_record(cell.path, domains=[ONLY_DOMAIN], rows=n))
        progress("merging windows")
        loci, labels, only_n = _merge(piles, frame, len(names), Path(folder) / "labels")
        loci["file"] = only_n["file"] = str(cells)
        prevalence = count_active(names, labels)
        options = {
            "length": frame.length,
            OVERLAP: frame.overlap,
            "margin": margin,
            "without": list(frame.without),
            "outside": outside,
            "added_to": None if earlier is None else {"path": str(Path(str(add)).resolve()), "hash": earlier.hash},
        }
        progress(f"writing {out}")
        return write_dataset(
            out,
            spec=DataSpec(tuple(map(TaskSpec, names)), (ONLY_DOMAIN,), frame.length, margin),
            loci=loci,
            labels=labels,
            sequences=_sequences(loci, frame, margin),
            dropped=pd.concat([*dropped, only_n], ignore_index=True),
            provenance=provenance(files, options, {frame.name: frame.genome}, [*notes, told(prevalence)]),
            tables={PREVALENCE: prevalence},
            overwrite=overwrite,
        )


def _frame(
    genome: Path | str | None,
    length: int | None,
    overlap: int | None,
    margin: int,
    without: Sequence[str],
    earlier: Dataset | None,
    progress: Progress,
) -> Frame:
    """Return what was asked for, and refuse what cannot be, or differs from the earlier compendium."""
    if earlier is None and genome is None:
        raise UserError("regions need a genome", where="--genome", fix="Give the FASTA file of their build.")
    known = (LENGTH, MERGE_OVERLAP)
    if earlier is not None:
        name, opened = genome_of(earlier)
        known = (earlier.spec.length, earlier.provenance["options"][OVERLAP])
    if genome is not None:
        ((name, given),) = Genomes.open(genome, [ONLY_DOMAIN], progress=progress).by_name.items()
        if earlier is not None and given.hash != opened.hash:
            raise UserError(f"is another genome than that of {earlier.path}", where=genome, fix="Leave --genome out.")
        opened = given
    length, overlap = known[0] if length is None else length, known[1] if overlap is None else overlap
    if earlier is not None and (length, overlap) != known:
        raise UserError(
            f"its windows have {known[0]} bp and merge from {known[1]} bp of overlap on, not {length} and {overlap} bp",
            where=earlier.path,
            fix="Leave --length and --merge-overlap out.",
        )
    if not 1 <= overlap < length:
        raise UserError(
            f"windows of {length} bp cannot be merged by an overlap of {overlap} bp",
            where="--merge-overlap",
            fix="Give 1 or more, and less than --length.",
        )
    if margin < 0:
        raise UserError(f"margin {margin} is negative", fix="Give --margin 0 or more.")
    for chrom in without:
        if chrom not in opened.chromosomes:
            raise UserError(
                f"the genome has no {chrom!r}{nearest(chrom, opened.chromosomes)}", where="--without-chromosomes"
            )
    return Frame(opened, name, length, margin, overlap, tuple(without))


def _task_names(cells: Sequence[Cell], earlier: Dataset | None, where: Path) -> list[str]:
    names = [] if earlier is None else [task.name for task in earlier.spec.tasks]
    for cell in cells:
        if cell.name in names:
            raise UserError(f"{cell.name!r} is a task of the compendium already", where=where, fix="Rename the cell.")
    return [*names, *(cell.name for cell in cells)]


def _pile_up(
    piles: Piles, cell: Cell, number: int, frame: Frame, outside: Literal["error", "drop"]
) -> tuple[pd.DataFrame, str | None, int]:
    """Put the windows of one cell on the piles; return what is left out, a note on names, and the number of regions."""
    chromosomes = frame.genome.chromosomes
    regions = read_intervals(cell.path)
    mapping, note = map_chromosomes(regions["chrom"].unique(), chromosomes, where=cell.path)
    regions["chrom"] = regions["chrom"].map(lambda chrom: mapping.get(chrom, chrom))
    reason = off_genome(regions, chromosomes=chromosomes, where=cell.path, outside=outside, genome=frame.name)
    for text, unfit in (
        (LEFT_OUT, set(frame.without)),
        (TOO_SHORT, {chrom for chrom, size in chromosomes.items() if size < frame.length}),
    ):
        there = (reason == "") & regions["chrom"].isin(unfit).to_numpy()
        reason[there] = [text.format(chrom=chrom) for chrom in regions["chrom"][there]]
    kept = regions[reason == ""]
    if kept.empty:
        raise UserError(
            f"no region of {cell.name} is left: {len(regions):,} were left out, the first because: {reason[0]}",
            where=cell.path,
            line=int(regions["line"].iloc[0]),
            fix="Give regions on the chromosomes that are kept, or leave this cell out.",
        )
    strand = kept["strand"].where(kept["strand"] == "-", "+")
    for (chrom, side), group in kept.groupby([kept["chrom"], strand], sort=False):
        ends = group["start"].to_numpy(np.int64), group["end"].to_numpy(np.int64)
        start = window_starts(*ends, length=frame.length, size=chromosomes[str(chrom)])
        piles.add(str(chrom), str(side), start, np.full(len(start), number, dtype=np.int64))
    told = regions.assign(reason=reason, file=str(cell.path), domain=ONLY_DOMAIN)
    return told[reason != ""][DROPPED_COLUMNS], note, len(regions)


def _merge(
    piles: Piles, frame: Frame, n_cells: int, path: Path
) -> tuple[pd.DataFrame, Shaped[np.ndarray, "n t"], pd.DataFrame]:
    """Loci of the merged windows, their labels (int8, a memory map of `path`), and those of N only."""
    kept, only_n = [_loci("", "+", np.empty(0, dtype=np.int64), frame)], list[pd.DataFrame]()
    with path.open("wb") as stream:
        for chrom in frame.genome.chromosomes:
            for strand in STRANDS:
                for merged in _merged(piles, chrom, strand, frame, n_cells):
                    loci = _loci(chrom, strand, merged.start, frame)
                    unknown = map_windows(_sequences(loci, frame, 0), lambda tokens: (tokens == N).all(axis=1))
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


def _loci(chrom: str, strand: str, start: Int64[np.ndarray, " n"], frame: Frame) -> pd.DataFrame:
    place = {"chrom": chrom, "start": start, "end": start + frame.length, "strand": strand}
    return pd.DataFrame({"domain": ONLY_DOMAIN, "genome": frame.name, **place})


def _sequences(loci: pd.DataFrame, frame: Frame, margin: int) -> GenomeSequences:
    return GenomeSequences.at(loci, {frame.name: frame.genome}, length=frame.length, margin=margin)
