"""Files to a dataset folder: read, place, take out what is said twice, write; nothing is dropped silently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from cislearn.atomic import refuse_taken
from cislearn.data.counted import count_profiles
from cislearn.data.dataset import Dataset, write_dataset
from cislearn.data.entries import Entries
from cislearn.data.examples import WORKING_COLUMNS, Examples, collect, extend, without_overlapping, without_repeats
from cislearn.data.genomes import Genomes
from cislearn.data.inputs import Files, domain_names, file_record, read_labelled, read_tables
from cislearn.data.marker import MARKER
from cislearn.data.negatives import Making, draw_negatives
from cislearn.data.placing import Placed, common_length, cut_windows, name_as_genomes, place_on_genome
from cislearn.data.profile_files import Given, ProfileFiles
from cislearn.data.provenance import provenance
from cislearn.data.tasks import task_specs
from cislearn.data.track_files import Given as TracksGiven
from cislearn.data.track_files import TrackFiles
from cislearn.data.tracks import Tracks
from cislearn.errors import UserError
from cislearn.progress import Progress, silent
from cislearn.schema import DataSpec


def prepare(
    out: Path | str,
    *,
    positives: Files | None = None,
    negatives: Files | None = None,
    unlabelled: Files | None = None,
    tables: Sequence[Path | str] | Files = (),
    genome: Path | str | Mapping[str, Path | str] | None = None,
    tracks: TracksGiven | None = None,
    track_rules: Mapping[str, str] | None = None,
    profiles: Given | None = None,
    profile_rules: Mapping[str, str] | None = None,
    profile_length: int = 1000,
    min_counts: int = 0,
    length: int | None = None,
    margin: int = 0,
    task: str = "binding",
    label_columns: Sequence[str] | None = None,
    sequence_column: str | None = None,
    domain_column: str | None = None,
    kinds: Mapping[str, str] | None = None,
    outside: Literal["error", "drop"] = "error",
    keep_overlapping: bool = False,
    make_negatives: str | Mapping[str, str] | None = None,
    negatives_per_positive: float = 1.0,
    rna: bool = False,
    seed: int = 0,
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
    tracks : mapping of str to mapping of str to Path, optional
        Name of a track to the bigWig file of each domain: accessibility, histone marks, any coverage or count; or to a
        pair of files, the plus and the minus strand, which change places where a window is turned. Every domain needs
        each track, and every example a place on the genome.
    track_rules : mapping of str to str, optional
        Name of a track of one file to ``flip`` (a coverage, the default) or ``flip_and_shift`` (cut sites, which lie
        between two bases).
    profiles : mapping of str to mapping of str to list, optional
        Name of a task to the replicates of each domain: bigWig files of raw counts, one a replicate, or a pair of the
        plus and the minus strand. They are summed, and kept each. The counts about the middle of a window are what is
        predicted; a domain without files is unlabelled. Roles are no labels then: negatives are background.
    profile_rules : mapping of str to str, optional
        ``flip`` (the default) or ``flip_and_shift`` of profiles of one file; two strands always change places.
    profile_length : int
        Bases of a profile; windows have as many more on either side.
    min_counts : int
        Windows with fewer counts are left out.
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
        What is done with regions past the end of their chromosome, and where the genome lacks those of most regions of
        a file.
    keep_overlapping : bool
        Keep negatives whose window overlaps that of a positive of their domain.
    make_negatives : str, or mapping of str to str, optional
        ``gc-matched``, ``shuffled`` or ``dinucleotide-shuffled``: how negatives are made for each domain that has
        positives and no negatives, or for each domain named; see `cislearn.data.negatives`.
    negatives_per_positive : float
        How many are made.
    rna : bool
        The windows are single-stranded: no model reads their reverse complements.
    seed : int
        Of what is made at random.
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
    making = Making(make_negatives, negatives_per_positive, seed, task)
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
    signals = TrackFiles.open(tracks or {}, track_rules or {}, domains, progress=progress)
    profile_files = ProfileFiles.open(
        profiles or {}, profile_rules or {}, domains, positions=profile_length, progress=progress
    )
    progress("placing windows")
    placed = [_place(entries, genomes, length, margin, outside) for entries in inputs]
    files, notes = [_record(entries) for entries in inputs], [*_unused(inputs), *_uracil(inputs, rna=rna)]
    del inputs  # what is long is held once: in the files, placed, or together
    examples = collect(placed, genomes, length, margin)
    del placed
    progress("looking for duplicates")
    ranked = _is_one_binary_task(examples.labels, kinds)
    examples = without_repeats(examples, margin, ranked=ranked)
    if not keep_overlapping:
        examples = without_overlapping(examples, task, length)
    if make_negatives is not None:
        progress("making negatives")
        with _telling_what_was_left_out(examples):
            made = draw_negatives(making, examples, genomes, length=length, margin=margin)
        examples = without_repeats(extend(examples, made, genomes, length, margin), margin, ranked=ranked)
    counted = None
    with _telling_what_was_left_out(examples):
        if profiles:
            progress("reading profiles")
            at = {"length": length, "margin": margin}
            counted = count_profiles(examples, profile_files, genomes, **at, role_task=task, min_counts=min_counts)
            examples = counted.examples
        others = examples.labels.drop(columns=[each.name for each in profile_files.tasks])
        tasks = (*task_specs(others, kinds), *profile_files.tasks)
        spec = DataSpec(tasks, domains, length, margin, signals.specs, rna)
    if tracks:
        progress("reading tracks")
    progress(f"writing {out}")
    options = {
        "length": length,
        "margin": margin,
        "task": task,
        "kinds": dict(kinds or {}),
        "outside": outside,
        "keep_overlapping": keep_overlapping,
        "make_negatives": make_negatives if isinstance(make_negatives, str | None) else dict(make_negatives),
        "negatives_per_positive": negatives_per_positive,
        "rna": rna,
        "seed": seed,
    } | ({"profile_length": profile_length, "min_counts": min_counts} if profiles else {})
    return write_dataset(
        out,
        spec=spec,
        loci=examples.rows.drop(columns=WORKING_COLUMNS),
        labels=examples.labels.to_numpy(),
        sequences=examples.sequences,
        dropped=examples.dropped,
        tracks=_read_tracks(signals, examples, genomes, spec) if tracks else None,
        profiles=None if counted is None else counted.profiles,
        provenance=provenance(files, options, genomes.by_name, [*examples.notes, *notes], signals.record())
        | ({"profiles": profile_files.record()} if profiles else {}),
        overwrite=overwrite,
    )


@contextmanager
def _telling_what_was_left_out(examples: Examples) -> Iterator[None]:
    """Where what is left of the files is too little, say also how much of them was left out and why."""
    try:
        yield
    except UserError as error:
        if examples.dropped.empty:
            raise
        first = examples.dropped.iloc[0]
        left_out = f"{len(examples.dropped):,} rows were left out, the first ({first['file']} line {first['line']})"
        problem = f"{error.problem}; {left_out} because: {first['reason']}"
        raise UserError(problem, where=error.where, line=error.line, fix=error.fix) from error


def _is_one_binary_task(labels: pd.DataFrame, kinds: Mapping[str, str] | None) -> bool:
    if labels.shape[1] != 1 or (kinds or {}).get(str(labels.columns[0]), "binary") != "binary":
        return False
    values = labels.to_numpy()
    return bool(np.isin(values[~np.isnan(values)], (0, 1)).all())


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
    domain = entries.rows["domain"]
    if entries.sequences is not None:
        entries = replace(entries, rows=entries.rows.assign(genome=domain.map(genomes.of_loci)))
        entries, notes = name_as_genomes(entries, genomes.by_name)
        placed = cut_windows(entries, length=length, margin=margin)
        return replace(placed, notes=[*notes, *placed.notes])
    genome = domain.map(lambda name: genomes.of_domain.get(name, ""))  # bases are read of a genome given for the domain
    entries = replace(entries, rows=entries.rows.assign(genome=genome))
    return place_on_genome(entries, genomes.by_name, length=length, outside=outside)


def _unused(inputs: Sequence[Entries]) -> list[str]:
    return [f"{e.path}: columns not used: {', '.join(map(str, e.ignored))}" for e in inputs if e.ignored]


def _uracil(inputs: Sequence[Entries], *, rna: bool) -> list[str]:
    """Say where letters of RNA were read and nobody said that it is RNA."""
    found = [str(entries.path) for entries in inputs if entries.has_uracil]
    if rna or not found:
        return []
    return [
        f"{found[0]}: U is read as T. The second strand of RNA has no meaning: --rna (rna=True) switches off all that"
        " reads it"
    ]


def _read_tracks(signals: TrackFiles, examples: Examples, genomes: Genomes, spec: DataSpec) -> Tracks:
    lengths = {name: genome.chromosomes for name, genome in genomes.by_name.items()}
    return signals.read(examples.rows, lengths, length=spec.length, margin=spec.margin)


def _record(entries: Entries) -> dict[str, Any]:
    return file_record(entries.path, domains=[*map(str, pd.unique(entries.rows["domain"]))], rows=len(entries))
