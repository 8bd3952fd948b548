"""Predicted profiles as bigWig files, one a strand, and the table of their counts beside them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from jaxtyping import Float, Float32, Int, Int64

from cislearn.atomic import disk_refusal, remove_left_behind
from cislearn.errors import UserError
from cislearn.evaluation.profiles.shapes import expected_reads
from cislearn.genome.bigwig_writer import WINDOWS, write_bigwig
from cislearn.schema import TaskSpec
from cislearn.tables import write_table

STRANDS = {1: ("",), 2: (".plus", ".minus")}
"""In the names of the files of a task with one or two strands."""


def write_profiles(
    folder: Path,
    task: TaskSpec,
    chromosomes: Mapping[str, int],
    loci: pd.DataFrame,
    shapes: Float[np.ndarray, "n s l"],
    log_counts: Float[np.ndarray, "n s"],
) -> list[Path]:
    """Write expected reads at each base as ``TASK.plus.bw`` and ``TASK.minus.bw`` (``TASK.bw`` without strands).

    Both files hold values of at least 0. ``TASK.counts.tsv`` has a row for each locus, in the order given: chrom,
    start, end, name, strand, and the expected reads of the whole profile on each strand of the genome.

    Parameters
    ----------
    folder : Path
        Made where it is absent.
    task : TaskSpec
        A profile; its `rc` is how what was read on the minus strand is turned to the genome's.
    chromosomes : mapping of str to int
        Names and lengths (bp) of the genome's.
    loci : DataFrame
        Columns chrom, start (0-based, of the profile's first base, not the window's), name and strand (``+``, ``-`` or
        ``.``), which is the strand that the model read.
    shapes : ndarray, shape (n, strands, length)
        Predicted probabilities; may be a memory map, of which some loci are read at a time.
    log_counts : ndarray, shape (n, strands)
        Predicted log(1 + reads).

    Returns
    -------
    list of Path
        What was written, the table last.

    Raises
    ------
    UserError
        Where the task is no profile of one or two strands, there is no locus, or for what `write_bigwig` refuses.
    """
    names = STRANDS.get(task.channels) if task.kind == "profile" else None
    if names is None:
        problem = f"task {task.name} ({task.kind}, {task.channels} channels) is no profile of one or two strands"
        raise UserError(problem, where=folder, fix="Write its predictions as a table.")
    if loci.empty:
        raise UserError("there is no locus to be written", where=folder)
    paths = [folder / f"{task.name}{name}.bw" for name in names]
    paths.append(folder / f"{task.name}.counts.tsv")
    for path in paths:
        remove_left_behind(folder, path.name)
    with _scratch(folder, f"{task.name}.reads") as scratch:
        reads, start = _reads_on_the_genome(scratch, task, loci, shapes, log_counts)
        for of_strand, path in zip(reads, paths[:-1], strict=True):
            write_bigwig(path, chromosomes, loci["chrom"].to_numpy(object), start, of_strand)
        counts = reads.sum(axis=2, dtype=np.float64)
    table = loci[["chrom"]].assign(start=start, end=start + task.profile_length, name=loci["name"])
    columns = {f"reads{name.replace('.', '_')}": counts[strand] for strand, name in enumerate(names)}
    write_table(paths[-1], table.assign(strand=loci["strand"], **columns))
    return paths


@contextmanager
def _scratch(folder: Path, name: str) -> Iterator[Path]:
    """Make the folder, and a file in it that is gone when the block ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_left_behind(folder, name)
        with TemporaryDirectory(prefix=f".{name}.partial-{os.getpid()}.", dir=folder) as scratch:
            yield Path(scratch) / "reads"
    except OSError as error:
        raise disk_refusal(folder, error) from error


def _reads_on_the_genome(
    scratch: Path, task: TaskSpec, loci: pd.DataFrame, shapes: np.ndarray, log_counts: np.ndarray
) -> tuple[Float32[np.ndarray, "s n l"], Int64[np.ndarray, " n"]]:
    """Expected reads by strand of the genome, on disk, and where they begin; some loci at a time."""
    start, is_minus = loci["start"].to_numpy(np.int64).copy(), (loci["strand"] == "-").to_numpy()
    reads = np.memmap(scratch, np.float32, "w+", shape=(task.channels, len(loci), task.profile_length))
    for first in range(0, len(loci), WINDOWS):
        rows = slice(first, first + WINDOWS)
        read = expected_reads(shapes[rows], log_counts[rows])
        turned, start[rows] = on_the_genome(read, start[rows], is_minus[rows], task)
        reads[:, rows] = turned.transpose(1, 0, 2)
    return reads, start


def on_the_genome(
    reads: Float[np.ndarray, "n s l"], start: Int[np.ndarray, " n"], is_minus: np.ndarray, task: TaskSpec
) -> tuple[Float[np.ndarray, "n s l"], Int64[np.ndarray, " n"]]:
    """Turn what was read on the minus strand to the genome's forward strand, by the task's rule.

    Parameters
    ----------
    reads : ndarray, shape (n, strands, length)
        Along the strand that was read, that strand first.
    start : ndarray, shape (n,)
        First base of each profile on the genome.
    is_minus : ndarray of bool, shape (n,)
        Which rows were read on the minus strand.
    task : TaskSpec
        Its `rc` says whether positions turn, strands swap, and values that lie between bases move by one.

    Returns
    -------
    reads : ndarray, shape (n, strands, length)
        Plus strand first.
    start : ndarray, shape (n,)
        First base of each.
    """
    if task.rc == "none":
        return reads, start
    turned = reads[is_minus][:, :, ::-1]
    reads = reads.copy()
    reads[is_minus] = turned[:, ::-1] if task.rc == "flip_and_permute" else turned
    return reads, start + (is_minus if task.rc == "flip_and_shift" else 0)
