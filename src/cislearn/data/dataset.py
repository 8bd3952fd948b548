"""A dataset: examples with their loci, labels and windows, in memory and as a folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float32, Int, Int64, UInt64

from cislearn.atomic import folder_written_whole
from cislearn.data.marker import FORMAT, MARKER, check_sizes, read_marker
from cislearn.data.profiles import Profiles
from cislearn.data.sequences import GenomeSequences, Sequences, TableSequences, map_windows
from cislearn.data.similarity import cluster_keys
from cislearn.data.tracks import Tracks
from cislearn.errors import UserError
from cislearn.genome.token_genome import open_genome
from cislearn.schema import DataSpec
from cislearn.sequence.hashes import canonical_hash
from cislearn.tables import write_table
from cislearn.version import __version__

TRACKS, PROFILES, REPLICATES = "tracks.npy", "profiles.npy", "replicates.npy"
ABSENT = -1
"""The absent label in ``labels.npy`` of a dataset whose tasks are all binary (NaN in every other)."""

_AT_ONCE = 1 << 22
"""Labels looked at at a time: millions of examples may have a thousand tasks each."""

LOCI_DEFAULTS: dict[str, Any] = {
    "domain": "", "genome": "", "chrom": "", "start": -1, "end": -1, "strand": ".", "name": "", "part": "",
    "file": "", "line": 0, "note": "",
}  # fmt: skip
"""Columns of ``loci.parquet`` with what stands there where nothing is known (``chrom`` is empty: no locus)."""

DROPPED_COLUMNS = ["file", "line", "chrom", "start", "end", "name", "domain", "reason"]
ORIGIN_COLUMNS = ["file", "line", "note", "name"]
"""Columns that say where an example was read, and do not change what it is."""


@dataclass(frozen=True)
class Dataset:
    """Examples of one window length, from any number of domains, with any number of tasks.

    Parameters
    ----------
    path : Path, optional
        Its folder; None for one that lives in memory only.
    spec : DataSpec
        Tasks, domains, length, margin.
    loci : DataFrame, N rows
        ``LOCI_DEFAULTS`` says the columns; ``start`` and ``end`` are 0-based half-open, the window without its margin.
    labels : ndarray, shape (N, T)
        int8 with -1 where absent if all tasks are binary, else float32 with NaN.
    sequences : Sequences
        The windows, by row.
    dropped : DataFrame
        What was read and left out, each with its reason.
    provenance : dict
        Files, options and versions that it was made with.
    hash : str
        Of its content: two datasets with equal hashes have equal examples in equal order.
    truth : DataFrame, optional
        Planted motifs (row, motif, start, end, strand) of simulated data.
    tracks : Tracks, optional
        Signals along the windows, by row, where ``spec.tracks`` names some.
    profiles : Profiles, optional
        Counts at single bases, by row, where ``spec.profiles`` names some; their labels are the total counts.
    """

    path: Path | None
    spec: DataSpec
    loci: pd.DataFrame
    labels: np.ndarray
    sequences: Sequences
    dropped: pd.DataFrame
    provenance: dict[str, Any] = field(default_factory=dict)
    hash: str = ""
    truth: pd.DataFrame | None = None
    tracks: Tracks | None = None
    profiles: Profiles | None = None

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.loci)

    @cached_property
    def domain_codes(self) -> Int64[np.ndarray, " n"]:
        """Position in ``spec.domains`` of each row's domain."""
        return pd.Categorical(self.loci["domain"], categories=list(self.spec.domains)).codes.astype(np.int64)

    @cached_property
    def similar(self) -> tuple[UInt64[np.ndarray, " n"], list[str]]:
        """Key of each row's cluster of near duplicates, with notes; found once, since it takes a while."""
        return cluster_keys(self.sequences, margin=self.spec.margin)

    @cached_property
    def window_hashes(self) -> UInt64[np.ndarray, " n"]:
        """Hash of each row's window without its margin, equal for a window and its reverse complement."""
        return map_windows(self.sequences, canonical_hash, margin=self.spec.margin)

    @cached_property
    def is_labelled(self) -> Bool[np.ndarray, " n"]:
        """Whether each row has a label of any task."""
        found = [(~np.isnan(labels)).any(axis=1) for labels in self.labels_in_pieces(np.arange(len(self)))]
        return np.concatenate([np.zeros(0, dtype=bool), *found])

    def labels_float(self, rows: Int[np.ndarray, " n"]) -> Float32[np.ndarray, "n t"]:
        """Labels of `rows` with NaN where absent."""
        labels = np.asarray(self.labels[rows], dtype=np.float32)
        if self.labels.dtype == np.int8:
            labels[labels == ABSENT] = np.nan
        return labels

    def labels_in_pieces(self, rows: Int[np.ndarray, " n"]) -> Iterator[Float32[np.ndarray, "m t"]]:
        """Yield the labels of `rows` some megabytes at a time: those of ten million windows of 200 tasks are 8 GB."""
        step = max(1, _AT_ONCE // max(1, len(self.spec.tasks)))
        for start in range(0, len(rows), step):
            yield self.labels_float(rows[start : start + step])

    def without_labels(self, domain: str) -> Dataset:
        """Return the same examples in memory, those of `domain` without their labels."""
        return self.with_labels_hidden(np.flatnonzero(self.domain_codes == self.spec.domains.index(domain)))

    def with_labels_hidden(self, rows: Int[np.ndarray, " h"]) -> Dataset:
        """Return the same examples in memory, some rows without their labels; the hash stays."""
        labels = np.array(self.labels)
        labels[rows] = ABSENT if labels.dtype == np.int8 else np.nan
        return replace(self, labels=labels)

    def without_tracks(self) -> Dataset:
        """Return the same examples in memory as sequence alone; the hash stays, since they are the same examples."""
        inputs = tuple(item for item in self.spec.inputs if item.kind != "track")
        return replace(self, spec=replace(self.spec, inputs=inputs), tracks=None)


def write_dataset(
    path: Path | str,
    *,
    spec: DataSpec,
    loci: pd.DataFrame,
    labels: np.ndarray,
    sequences: Sequences,
    dropped: pd.DataFrame | None = None,
    provenance: Mapping[str, Any] | None = None,
    truth: pd.DataFrame | None = None,
    tracks: Tracks | None = None,
    tables: Mapping[str, pd.DataFrame] | None = None,
    profiles: Profiles | None = None,
    overwrite: bool = False,
) -> Dataset:
    """Write a dataset folder, whole or not at all, and return it as `read_dataset` would.

    Parameters
    ----------
    path : Path
        The folder to be.
    spec : DataSpec
        Tasks, domains, length, margin.
    loci : DataFrame, N rows
        Any columns of ``LOCI_DEFAULTS`` (``domain`` at least) and any further ones; with `GenomeSequences` ``genome``.
    labels : ndarray, shape (N, T)
        Numbers with NaN where absent; int8 with -1 is taken as well where all tasks are binary.
    sequences : TableSequences or GenomeSequences
        N windows of ``spec.length + 2 * spec.margin`` bases; ``TableSequences.of(tokens)`` makes one of an array.
    dropped, truth : DataFrame, optional
        See `Dataset`.
    provenance : mapping, optional
        Anything that JSON holds.
    tracks : Tracks, optional
        One row of signals an example, where ``spec.inputs`` has tracks.
    tables : mapping of str to DataFrame, optional
        By file name, ``.tsv`` or ``.parquet``, what else is to be told of it.
    profiles : Profiles, optional
        One row of counts an example, where ``spec.tasks`` has profiles.
    overwrite : bool
        Replace a dataset that is there.

    Raises
    ------
    UserError
        Where the folder is taken or cannot be written.
    ValueError
        Where the parts do not agree in size or with the spec.
    """
    path = Path(path)
    loci = _with_defaults(loci)
    labels = _stored_labels(spec, labels)
    _check(spec, loci, labels, sequences, tracks, profiles)
    with folder_written_whole(path, marker=MARKER, overwrite=overwrite) as folder:
        loci.to_parquet(folder / "loci.parquet", index=False)
        np.save(folder / "labels.npy", labels)
        if isinstance(sequences, TableSequences):
            np.save(folder / "sequences.npy", sequences.tokens)
            np.save(folder / "sequence_index.npy", sequences.index)
        if tracks is not None:
            np.save(folder / TRACKS, tracks.values)
        if profiles is not None:
            np.save(folder / PROFILES, profiles.values)
            if profiles.replicates is not None:
                np.save(folder / REPLICATES, profiles.replicates)
        _dropped_table(dropped).to_csv(folder / "dropped.tsv", sep="\t", index=False, lineterminator="\n")
        if truth is not None:
            truth.to_parquet(folder / "truth.parquet", index=False)
        for name, table in (tables or {}).items():
            write_table(folder / name, table)
        content = {
            "format": FORMAT,
            "cislearn": __version__,
            "spec": spec.to_dict(),
            "sequences": _sequences_entry(sequences),
            "provenance": dict(provenance or {}),
            "hash": content_hash(spec, loci, labels, sequences, tracks, profiles),
            "sizes": {file.name: file.stat().st_size for file in sorted(folder.iterdir())},
        }
        (folder / MARKER).write_text(json.dumps(content, indent=1) + "\n")
    return read_dataset(path)


def read_dataset(path: Path | str, *, genomes: Mapping[str, Path] | None = None) -> Dataset:
    """Open a dataset folder; labels and windows stay on disk until they are asked for.

    Parameters
    ----------
    path : Path
        The folder.
    genomes : mapping of str to Path, optional
        Where genomes that it refers to lie now, if they have moved.

    Raises
    ------
    UserError
        Where the folder is absent, half-written, truncated, of another format, or its genome has changed.
    """
    path = Path(path)
    content = read_marker(path)
    check_sizes(path, content["sizes"])
    spec = DataSpec.from_dict(content["spec"])
    loci = pd.read_parquet(path / "loci.parquet")
    truth = path / "truth.parquet"
    dataset = Dataset(
        path=path,
        spec=spec,
        loci=loci,
        labels=np.load(path / "labels.npy", mmap_mode="r"),
        sequences=_open_sequences(path, content["sequences"], spec, loci, genomes or {}),
        dropped=pd.read_csv(path / "dropped.tsv", sep="\t", keep_default_na=False, dtype={"chrom": str, "name": str}),
        provenance=content["provenance"],
        hash=content["hash"],
        truth=pd.read_parquet(truth) if truth.exists() else None,
        tracks=Tracks(np.load(path / TRACKS, mmap_mode="r")) if spec.tracks else None,
        profiles=_open_profiles(path, spec),
    )
    try:
        _check(spec, loci, dataset.labels, dataset.sequences, dataset.tracks, dataset.profiles)
    except ValueError as error:
        raise UserError(f"is not a whole dataset: {error}", where=path, fix="Prepare it again.") from error
    return dataset


def content_hash(
    spec: DataSpec,
    loci: pd.DataFrame,
    labels: np.ndarray,
    sequences: Sequences,
    tracks: Tracks | None = None,
    profiles: Profiles | None = None,
) -> str:
    """Hash of the examples: spec, loci without origin, labels, windows (or genomes by hash), tracks, profiles."""
    digest = hashlib.blake2b(json.dumps(spec.to_dict(), sort_keys=True).encode(), digest_size=16)
    for column in sorted(set(loci.columns) - set(ORIGIN_COLUMNS)):
        digest.update(column.encode())
        digest.update(pd.util.hash_array(loci[column].to_numpy(), categorize=True).tobytes())
    digest.update(np.ascontiguousarray(labels).data)
    if isinstance(sequences, TableSequences):
        digest.update(np.ascontiguousarray(sequences.tokens).data)
        digest.update(np.ascontiguousarray(sequences.index, dtype=np.int64).data)
    elif isinstance(sequences, GenomeSequences):
        digest.update(json.dumps({name: genome.hash for name, genome in sequences.genomes.items()}).encode())
    if tracks is not None:
        digest.update(np.ascontiguousarray(tracks.values).data)
    if profiles is not None:
        digest.update(np.ascontiguousarray(profiles.values).data)
    return digest.hexdigest()


def _with_defaults(loci: pd.DataFrame) -> pd.DataFrame:
    absent = {column: value for column, value in LOCI_DEFAULTS.items() if column not in loci}
    whole = loci.reset_index(drop=True).assign(**absent)
    first = list(LOCI_DEFAULTS)
    return whole[first + [column for column in whole.columns if column not in first]]


def _stored_labels(spec: DataSpec, labels: np.ndarray) -> np.ndarray:
    if any(task.kind != "binary" for task in spec.tasks):
        return np.asarray(labels, dtype=np.float32)
    if labels.dtype == np.int8:
        return labels
    stored = np.where(np.isnan(labels), ABSENT, labels)
    if not np.isin(stored, (ABSENT, 0, 1)).all():  # before the cast, which would make 0.7 a 0
        raise ValueError("a binary label is neither 0, 1 nor absent")
    return stored.astype(np.int8)


def _open_profiles(path: Path, spec: DataSpec) -> Profiles | None:
    if not spec.profiles:
        return None
    each = path / REPLICATES
    replicates = np.load(each, mmap_mode="r") if each.exists() else None
    return Profiles(np.load(path / PROFILES, mmap_mode="r"), np.array(spec.profile_columns), replicates)


def _check(
    spec: DataSpec,
    loci: pd.DataFrame,
    labels: np.ndarray,
    sequences: Sequences,
    tracks: Tracks | None,
    profiles: Profiles | None,
) -> None:
    n = len(loci)
    if labels.shape != (n, len(spec.tasks)):
        raise ValueError(f"labels have shape {labels.shape}; {n:,} loci and {len(spec.tasks)} tasks were expected")
    if len(sequences) != n:
        raise ValueError(f"there are {len(sequences):,} windows for {n:,} loci")
    if sequences.width != spec.length + 2 * spec.margin:
        raise ValueError(f"windows are {sequences.width} bp wide; {spec.length} + 2 x {spec.margin} bp were expected")
    if strangers := set(loci["domain"].unique()) - set(spec.domains):
        raise ValueError(f"loci name domains that the spec does not: {', '.join(sorted(map(str, strangers)))}")
    if labels.dtype == np.int8 and labels.size and not ABSENT <= labels.min() <= labels.max() <= 1:
        raise ValueError("a binary label is neither 0, 1 nor absent")
    if isinstance(sequences, TableSequences) and n and not 0 <= sequences.index.max() < len(sequences.tokens):
        raise ValueError("sequence_index points past the end of the windows")
    expected = (n, spec.channels - 4, sequences.width) if spec.tracks else None
    found = None if tracks is None else tracks.values.shape
    if found != expected:
        raise ValueError(f"tracks have shape {found}; {expected} was expected")
    expected = None
    if spec.profiles:
        expected = (n, len(spec.profile_columns), spec.profiles[0].profile_length + 2 * spec.margin)
    found = None if profiles is None else profiles.values.shape
    if found != expected:
        raise ValueError(f"profiles have shape {found}; {expected} was expected")


def _dropped_table(dropped: pd.DataFrame | None) -> pd.DataFrame:
    return pd.DataFrame(columns=DROPPED_COLUMNS) if dropped is None else dropped[DROPPED_COLUMNS]


def _sequences_entry(sequences: Sequences) -> dict[str, Any]:
    if isinstance(sequences, GenomeSequences):
        genomes = {name: {"path": str(g.path), "hash": g.hash} for name, g in sequences.genomes.items()}
        return {"kind": "genome", "genomes": genomes}
    return {"kind": "table"}


def _open_sequences(
    path: Path, entry: Mapping[str, Any], spec: DataSpec, loci: pd.DataFrame, moved: Mapping[str, Path]
) -> Sequences:
    if entry["kind"] == "table":
        return TableSequences(np.load(path / "sequences.npy", mmap_mode="r"), np.load(path / "sequence_index.npy"))
    genomes = {}
    for name, known in entry["genomes"].items():
        fasta = Path(moved.get(name, known["path"]))
        if not fasta.is_file():
            raise UserError(f"genome {name} is not there any more", where=fasta, fix="Put it back, or prepare again.")
        genomes[name] = open_genome(fasta)
        if genomes[name].hash != known["hash"]:
            raise UserError(
                f"genome {name} differs from the one that {path} was made with",
                where=fasta,
                fix="Put the same genome back, or prepare again.",
            )
    return GenomeSequences.at(loci, genomes, length=spec.length, margin=spec.margin)
