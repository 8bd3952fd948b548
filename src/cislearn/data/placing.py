"""Windows of one length for the rows of a file: cut from their sequences, or placed on a genome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import UInt8

from cislearn.data.dataset import DROPPED_COLUMNS
from cislearn.data.entries import Entries
from cislearn.errors import UserError
from cislearn.genome.chromosomes import map_chromosomes, match_chromosomes
from cislearn.genome.token_genome import Genome
from cislearn.genome.windows import place_windows


@dataclass(frozen=True)
class Placed:
    """Rows of a file that have a window, and those that have none.

    Parameters
    ----------
    rows : DataFrame
        Loci of the windows with ``region_start`` and ``region_end``, what the file gave, and ``entry``, the row in it.
    labels : DataFrame
        Of the same rows.
    tokens : ndarray, shape (n, length + 2 * margin), uint8, optional
        Only where the file has sequences.
    dropped : DataFrame
        ``DROPPED_COLUMNS``.
    notes : list of str
        What was done to many rows at once.
    """

    rows: pd.DataFrame
    labels: pd.DataFrame
    tokens: UInt8[np.ndarray, "n width"] | None
    dropped: pd.DataFrame
    notes: list[str]


def common_length(inputs: Sequence[Entries]) -> int:
    """Length that all sequences and regions share.

    Raises
    ------
    UserError
        Where they differ; tells the median.
    """
    lengths = np.concatenate([entries.lengths for entries in inputs])
    low, high = int(lengths.min()), int(lengths.max())
    if low != high:
        raise UserError(
            f"the inputs have from {low:,} to {high:,} bp, and windows have one length",
            fix=f"Give --length; the median is {int(np.median(lengths)):,} bp.",
        )
    return low


def name_as_genomes(entries: Entries, genomes: Mapping[str, Genome]) -> tuple[Entries, list[str]]:
    """Give the loci of sequences the chromosome names of the genomes that they lie on, and tell what was renamed.

    A name that the genome lacks stays: such a row has its sequence all the same.
    """
    chrom, notes = entries.rows["chrom"].copy(), []
    for name, group in entries.rows.groupby("genome", sort=False):
        if str(name) in genomes:
            named = group["chrom"][group["chrom"] != ""]
            mapping, note = match_chromosomes(named.unique(), genomes[str(name)].chromosomes)
            chrom[named.index] = _renamed(named, mapping)
            notes += [f"{entries.path}: {note}"] if note else []
    return replace(entries, rows=entries.rows.assign(chrom=chrom)), notes


def cut_windows(entries: Entries, *, length: int, margin: int) -> Placed:
    """Windows about the centres of a file's sequences; shorter ones are filled up with N, and their note says so."""
    assert entries.sequences is not None
    n = entries.sequences.lengths
    rows = entries.rows.assign(region_start=entries.rows["start"], region_end=entries.rows["end"])
    rows["entry"] = np.arange(len(rows))
    first = n // 2 - length // 2
    before = np.where(rows["strand"] == "-", n - first - length, first)
    known = (rows["chrom"] != "").to_numpy()
    rows["start"] = np.where(known, rows["region_start"] + before, -1)
    rows["end"] = np.where(known, rows["start"] + length, -1)
    resized = np.select([n > length, n < length], ["cropped from ", "padded from "], "").astype(object)
    note = np.where(n == length, "", resized + n.astype(str).astype(object) + " bp")
    rows["note"] = [", ".join(filter(None, both)) for both in zip(rows["note"], note, strict=True)]
    bare = int((n < length + 2 * margin).sum()) if margin else 0
    notes = [f"{bare:,} windows of {entries.path} have N in their margins: the file has no more bases"] if bare else []
    if padded := int((n < length).sum()):
        notes.append(
            f"{padded:,} of {len(rows):,} windows of {entries.path} are shorter than {length} bp: the rest is N"
        )
    nothing = pd.DataFrame(columns=DROPPED_COLUMNS)
    return Placed(rows, entries.labels, entries.sequences.windows(length, margin), nothing, notes)


def place_on_genome(
    entries: Entries, genomes: Mapping[str, Genome], *, length: int, outside: Literal["error", "drop"]
) -> Placed:
    """Windows about the summits or centres of a file's regions, each on the genome that its row names."""
    rows = entries.rows.assign(entry=np.arange(len(entries)))
    kept, dropped, notes = [], [], []
    for name, group in rows.groupby("genome", sort=False):
        if name == "":
            raise UserError(
                f"has regions without sequences, and domain {group['domain'].iloc[0]!r} has no genome",
                where=entries.path,
                fix="Give --genome with the FASTA file of that build.",
            )
        chromosomes = genomes[str(name)].chromosomes
        mapping, note = map_chromosomes(group["chrom"].unique(), chromosomes, where=entries.path)
        group = group.assign(chrom=_renamed(group["chrom"], mapping))
        windows = place_windows(
            group, length=length, chromosomes=chromosomes, where=str(entries.path), outside=outside, genome=str(name)
        )
        kept.append(windows.kept)
        dropped.append(windows.dropped)
        notes += [f"{entries.path}: {note}"] if note else []
    together = pd.concat(kept).sort_values("entry", ignore_index=True)
    labels = entries.labels.iloc[together["entry"].to_numpy()].reset_index(drop=True)
    return Placed(together, labels, None, pd.concat(dropped)[DROPPED_COLUMNS], notes)


def _renamed(chrom: pd.Series, mapping: Mapping[str, str]) -> pd.Series:
    """Names as `mapping` has them; others stay."""
    return chrom.map(lambda name: mapping.get(name, name))
