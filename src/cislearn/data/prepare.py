"""Files to a dataset folder: read, place, take out what is said twice, write; nothing is dropped silently."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import UInt8

from cislearn.atomic import refuse_taken
from cislearn.data.dataset import DROPPED_COLUMNS, MARKER, Dataset, write_dataset
from cislearn.data.duplicates import find_duplicates, find_outranked, window_numbers
from cislearn.data.entries import Entries
from cislearn.data.genomes import Genomes
from cislearn.data.inputs import Files, domain_names, file_record, read_labelled, read_tables
from cislearn.data.placing import Placed, common_length, cut_windows, place_on_genome
from cislearn.data.sequences import GenomeSequences, TableSequences, map_windows
from cislearn.data.tasks import task_specs
from cislearn.errors import UserError
from cislearn.progress import Progress, silent
from cislearn.schema import DataSpec, TaskSpec
from cislearn.sequence.tokens import N

ONLY_N = "no base is known: the window is N only"
_WORKING_COLUMNS = ["summit", "region_start", "region_end", "entry"]


def prepare(
    out: Path | str,
    *,
    positives: Files | None = None,
    negatives: Files | None = None,
    unlabelled: Files | None = None,
    tables: Sequence[Path | str] | Files = (),
    genome: Path | str | Mapping[str, Path | str] | None = None,
    length: int | None = None,
    margin: int = 0,
    task: str = "binding",
    label_columns: Sequence[str] | None = None,
    sequence_column: str | None = None,
    domain_column: str | None = None,
    kinds: Mapping[str, str] | None = None,
    outside: Literal["error", "drop"] = "error",
    overwrite: bool = False,
    progress: Progress = silent,
) -> Dataset:
    """Make a dataset folder of files with sequences or regions.

    Parameters
    ----------
    out : Path
        The folder to be.
    positives, negatives, unlabelled : mapping of str to Path or list of Path, optional
        Domain to its files: FASTA, BED, narrowPeak, broadPeak, DeepBind's .seq or tables; the role is their label.
    tables : list of Path, or mapping as above
        Tables with label columns, each a task; rows may name their domain in a column.
    genome : Path, or mapping of str to Path, optional
        FASTA of the genome of all domains, or of each. Needed for regions without sequences.
    length : int, optional
        Window length in bp; by default that of the inputs, if they all have the same.
    margin : int
        Bases stored on either side, for shifts.
    task : str
        Name of the task that positives and negatives are of.
    label_columns, sequence_column, domain_column
        Columns of the tables; see `cislearn.data.readers.read_table`.
    kinds : mapping of str to str, optional
        Task to ``binary``, ``multiclass`` or ``regression``; see `cislearn.data.tasks.task_specs`.
    outside : {"error", "drop"}
        What is done with regions past the end of their chromosome.
    overwrite : bool
        Replace a dataset that is there.
    progress : callable, optional
        Told what is done next.

    Returns
    -------
    Dataset
        As read from the folder. It refers to the genome where every input has regions only, else it keeps the windows.

    Raises
    ------
    UserError
        For anything in the files or options that cannot be; says where and what to do.
    """
    out = Path(out)
    refuse_taken(out, marker=MARKER, overwrite=overwrite)
    inputs = [
        *read_labelled(positives, task=task, label=1.0, progress=progress),
        *read_labelled(negatives, task=task, label=0.0, progress=progress),
        *read_labelled(unlabelled, task=task, label=np.nan, progress=progress),
        *read_tables(
            tables,
            progress=progress,
            label_columns=label_columns,
            sequence_column=sequence_column,
            domain_column=domain_column,
        ),
    ]
    if not inputs:
        raise UserError("no input files", fix="Give --positives and --negatives, or --table.")
    _check_labelled(inputs)
    domains = domain_names(inputs)
    length = _checked_length(length, margin, inputs)
    genomes = Genomes.open(genome, domains, progress=progress)
    progress("placing windows")
    examples = _collect(
        [_place(entries, genomes, length, margin, outside) for entries in inputs], genomes, length, margin
    )
    progress("looking for duplicates")
    examples = _without_repeats(examples, _tasks(examples, kinds), margin)
    spec = DataSpec(_tasks(examples, kinds), domains, length, margin)
    progress(f"writing {out}")
    options = {"length": length, "margin": margin, "task": task, "kinds": dict(kinds or {}), "outside": outside}
    return write_dataset(
        out,
        spec=spec,
        loci=examples.rows.drop(columns=_WORKING_COLUMNS),
        labels=examples.labels.to_numpy(),
        sequences=examples.sequences,
        dropped=examples.dropped,
        provenance=_provenance(inputs, options, genomes, examples.notes),
        overwrite=overwrite,
    )


@dataclass(frozen=True)
class _Examples:
    """Rows of all files together, with their windows."""

    rows: pd.DataFrame
    labels: pd.DataFrame
    sequences: TableSequences | GenomeSequences
    dropped: pd.DataFrame
    notes: list[str]


def _tasks(examples: _Examples, kinds: Mapping[str, str] | None) -> tuple[TaskSpec, ...]:
    """Tasks of what is left of the files; where that is too little, say also how much of them was left out and why."""
    try:
        return task_specs(examples.labels, kinds)
    except UserError as error:
        if examples.dropped.empty:
            raise
        first = examples.dropped.iloc[0]
        left_out = f"{len(examples.dropped):,} rows were left out, the first ({first['file']} line {first['line']})"
        raise UserError(f"{error.problem}; {left_out} because: {first['reason']}", fix=error.fix) from error


def _check_labelled(inputs: Sequence[Entries]) -> None:
    """Refuse inputs without a label, and say which columns of tables were not taken for one."""
    if any(entries.labels.notna().to_numpy().any() for entries in inputs):
        return
    unused = "; ".join(f"{e.path}: {', '.join(map(str, e.ignored))} not all numbers" for e in inputs if e.ignored)
    raise UserError(
        f"no example has a label{f' ({unused})' if unused else ''}",
        fix="Give --positives and --negatives, or a table with label columns (0, 1, real numbers, or empty).",
    )


def _checked_length(length: int | None, margin: int, inputs: Sequence[Entries]) -> int:
    if margin < 0:
        raise UserError(f"margin {margin} is negative", fix="Give --margin 0 or more.")
    if length is None:
        return common_length(inputs)
    if length < 1:
        raise UserError(f"length {length} is no window length", fix="Give --length in bp, 1 or more.")
    return length


def _place(entries: Entries, genomes: Genomes, length: int, margin: int, outside: Literal["error", "drop"]) -> Placed:
    genome = entries.rows["domain"].map(lambda domain: genomes.of_domain.get(domain, ""))
    entries = replace(entries, rows=entries.rows.assign(genome=genome))
    if entries.sequences is not None:
        return cut_windows(entries, length=length, margin=margin)
    return place_on_genome(entries, genomes.by_name, length=length, outside=outside)


def _collect(placed: Sequence[Placed], genomes: Genomes, length: int, margin: int) -> _Examples:
    rows = pd.concat([item.rows for item in placed], ignore_index=True)
    if "fold" in rows:
        rows["fold"] = rows["fold"].fillna("")
    tasks = list(dict.fromkeys(str(name) for item in placed for name in item.labels.columns))
    labels = [item.labels.reindex(columns=tasks).astype(float) for item in placed]
    sequences: TableSequences | GenomeSequences
    if any(item.tokens is not None for item in placed):
        tokens = [item.tokens if item.tokens is not None else _gather(item, genomes, length, margin) for item in placed]
        sequences = TableSequences.of(np.concatenate(tokens))
    else:
        used = {name: genomes.by_name[name] for name in pd.unique(rows["genome"])}
        sequences = GenomeSequences.at(rows, used, length=length, margin=margin)
    dropped = pd.concat([item.dropped for item in placed], ignore_index=True)
    notes = [note for item in placed for note in item.notes]
    return _Examples(rows, pd.concat(labels, ignore_index=True), sequences, dropped, notes)


def _gather(item: Placed, genomes: Genomes, length: int, margin: int) -> UInt8[np.ndarray, "n width"]:
    windows = GenomeSequences.at(item.rows, genomes.by_name, length=length, margin=margin)
    return windows.gather(np.arange(len(windows)))


def _without_repeats(examples: _Examples, tasks: tuple[TaskSpec, ...], margin: int) -> _Examples:
    """Examples that say something new; the others go to the dropped ones with their reasons."""
    rows, labels = examples.rows, examples.labels.to_numpy(np.float64)
    reason = pd.Series("", index=rows.index, dtype=object)
    reason[map_windows(examples.sequences, lambda tokens: (tokens == N).all(axis=1), margin=margin)] = ONLY_N
    sequences = examples.sequences
    window = window_numbers(rows, sequences.index if isinstance(sequences, TableSequences) else None)
    source = rows["file"].astype(str) + " line " + rows["line"].astype(str)
    if len(tasks) == 1 and tasks[0].kind == "binary":
        words = np.where(np.isnan(labels[:, 0]), "given with a label in ", "given as positive in ")
        _add_reason(reason, find_outranked(window, labels[:, 0]), words, source)
    _add_reason(reason, find_duplicates(window, labels), "duplicate of ", source)
    kept = (reason == "").to_numpy()
    left = rows.assign(start=rows["region_start"], end=rows["region_end"], reason=reason)[~kept][DROPPED_COLUMNS]
    return _Examples(
        rows[kept].reset_index(drop=True),
        examples.labels[kept].reset_index(drop=True),
        examples.sequences.take(np.flatnonzero(kept)),
        pd.concat([examples.dropped, left], ignore_index=True),
        examples.notes,
    )


def _add_reason(reason: pd.Series, other: np.ndarray, words: np.ndarray | str, source: pd.Series) -> None:
    """Give rows that have no reason yet ``words`` and the place of the row that goes before them."""
    new = (other >= 0) & (reason == "").to_numpy()
    text = np.broadcast_to(np.asarray(words, dtype=object), len(reason))[new]
    reason[new] = text + source.to_numpy(dtype=object)[other[new]]


def _provenance(
    inputs: Sequence[Entries], options: Mapping[str, Any], genomes: Genomes, notes: list[str]
) -> dict[str, Any]:
    unused = [f"{e.path}: columns not used: {', '.join(map(str, e.ignored))}" for e in inputs if e.ignored]
    return {
        "files": [file_record(entries) for entries in inputs],
        "genomes": {name: {"path": str(g.path), "hash": g.hash} for name, g in genomes.by_name.items()},
        "options": dict(options),
        "notes": notes + unused,
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "pandas": pd.__version__},
    }
