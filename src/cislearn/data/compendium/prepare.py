"""Regions of many cell types to one dataset, labelled 1 or 0 for every one of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import pandas as pd

from cislearn.atomic import refuse_taken
from cislearn.data.compendium.cells import Cell, read_cells
from cislearn.data.compendium.earlier import OVERLAP, add_windows, read_earlier
from cislearn.data.compendium.frame import choose_frame
from cislearn.data.compendium.merge import merge_piles
from cislearn.data.compendium.piles import Piles
from cislearn.data.compendium.regions import pile_up
from cislearn.data.dataset import Dataset, write_dataset
from cislearn.data.inputs import ONLY_DOMAIN, file_record
from cislearn.data.marker import MARKER
from cislearn.data.prevalence import PREVALENCE, count_active, told
from cislearn.data.provenance import provenance
from cislearn.errors import UserError
from cislearn.progress import Progress, silent
from cislearn.schema import DataSpec, TaskSpec


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
    frame = choose_frame(genome, length, merge_overlap, margin, without, earlier, progress)
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
            left_out, note, n = pile_up(piles, cell, number, frame, outside)
            dropped.append(left_out)
            notes += [f"{cell.path}: {note}"] if note else []
            files.append(file_record(cell.path, domains=[ONLY_DOMAIN], rows=n))
        progress("merging windows")
        loci, labels, only_n = merge_piles(piles, frame, len(names), Path(folder) / "labels")
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
            sequences=frame.windows(loci),
            dropped=pd.concat([*dropped, only_n], ignore_index=True),
            provenance=provenance(files, options, {frame.name: frame.genome}, [*notes, told(prevalence)]),
            tables={PREVALENCE: prevalence},
            overwrite=overwrite,
        )


def _task_names(cells: Sequence[Cell], earlier: Dataset | None, where: Path) -> list[str]:
    names = [] if earlier is None else [task.name for task in earlier.spec.tasks]
    for cell in cells:
        if cell.name in names:
            raise UserError(f"{cell.name!r} is a task of the compendium already", where=where, fix="Rename the cell.")
    return [*names, *(cell.name for cell in cells)]
