"""Rows of all files together, with their windows and labels, before they become a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int, UInt8

from cislearn.data.dataset import DROPPED_COLUMNS
from cislearn.data.duplicates import (
    count_contradicted,
    find_duplicates,
    find_outranked,
    find_overlapped,
    window_numbers,
)
from cislearn.data.genomes import Genomes
from cislearn.data.origins import SHUFFLE_OF
from cislearn.data.placing import Placed
from cislearn.data.sequences import GenomeSequences, TableSequences, map_windows
from cislearn.sequence.tokens import N

ONLY_N = "no base is known: the window is N only"
MADE = "made"
"""The role of rows that no file gives; their notes say how they were made."""

WORKING_COLUMNS = ["summit", "region_start", "region_end", "entry", "role"]
"""Columns of ``Examples.rows`` that a dataset does not keep."""

_TEXT_COLUMNS = ("fold", SHUFFLE_OF)
"""Further columns of text that not every file has."""


@dataclass(frozen=True)
class Examples:
    """Examples on their way to a dataset.

    Parameters
    ----------
    rows : DataFrame
        Loci, where they were read, and ``WORKING_COLUMNS``.
    labels : DataFrame
        A float column a task, NaN where absent.
    sequences : TableSequences or GenomeSequences
        The windows with their margins.
    dropped : DataFrame
        ``DROPPED_COLUMNS``.
    notes : list of str
        What was done to many rows at once.
    """

    rows: pd.DataFrame
    labels: pd.DataFrame
    sequences: TableSequences | GenomeSequences
    dropped: pd.DataFrame
    notes: list[str]

    def of(self, domain: str, task: str, label: float) -> Bool[np.ndarray, " n"]:
        """Which rows of a domain have this label of a task."""
        if task not in self.labels:
            return np.zeros(len(self.rows), dtype=bool)
        return ((self.rows["domain"] == domain) & (self.labels[task] == label)).to_numpy()

    def without(self, reason: pd.Series, notes: Sequence[str] = ()) -> Examples:
        """Return the examples with an empty reason; the others go to the dropped ones."""
        kept = (reason == "").to_numpy()
        if kept.all():
            return replace(self, notes=[*self.notes, *notes])
        regions = self.rows.assign(start=self.rows["region_start"], end=self.rows["region_end"], reason=reason)
        return Examples(
            self.rows[kept].reset_index(drop=True),
            self.labels[kept].reset_index(drop=True),
            self.sequences.take(np.flatnonzero(kept)),
            pd.concat([self.dropped, regions[~kept][DROPPED_COLUMNS]], ignore_index=True),
            [*self.notes, *notes],
        )


def collect(placed: Sequence[Placed], genomes: Genomes, length: int, margin: int) -> Examples:
    """Put rows together; they refer to the genome where none has its sequence, else all windows are kept."""
    rows = pd.concat([item.rows for item in placed], ignore_index=True)
    for column in _TEXT_COLUMNS:
        if column in rows:
            rows[column] = rows[column].fillna("")
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
    return Examples(rows, pd.concat(labels, ignore_index=True), sequences, dropped, notes)


def extend(examples: Examples, made: Sequence[Placed], genomes: Genomes, length: int, margin: int) -> Examples:
    """Return the examples with further rows after them."""
    stored = isinstance(examples.sequences, TableSequences)
    tokens = examples.sequences.gather(np.arange(len(examples.rows))) if stored else None
    first = Placed(examples.rows, examples.labels, tokens, examples.dropped, examples.notes)
    return collect([first, *made], genomes, length, margin)


def without_repeats(examples: Examples, margin: int, *, ranked: bool) -> Examples:
    """Leave out what says nothing new, with the row that goes before it, and windows of N only.

    Where the labels are `ranked`, those of one binary task, a positive goes before a negative of the same window and a
    label before none. Other labels that differ stay, since none goes before the other, and a note counts their windows.
    """
    rows, labels = examples.rows, examples.labels.to_numpy(np.float64)
    reason = pd.Series("", index=rows.index, dtype=object)
    reason[map_windows(examples.sequences, lambda tokens: (tokens == N).all(axis=1), margin=margin)] = ONLY_N
    sequences = examples.sequences
    window = window_numbers(rows, sequences.index if isinstance(sequences, TableSequences) else None)
    note = ""
    if ranked:
        outranked, has_label = find_outranked(window, labels[:, 0]), ~np.isnan(labels[:, 0])
        _add_reason(reason, rows, np.where(has_label, outranked, -1), "given as positive in ")
        _add_reason(reason, rows, np.where(has_label, -1, outranked), "given with a label in ")
        if n := int(((outranked >= 0) & (labels[:, 0] == 0) & (rows["role"] != MADE).to_numpy()).sum()):
            note = f"windows given as positive and as negative in one domain: {n:,}; they count as positive"
    elif n := count_contradicted(window, labels):
        note = f"windows given with different labels of a task in one domain: {n:,}; all their rows are kept"
    _add_reason(reason, rows, find_duplicates(window, labels), "duplicate of ")
    is_made = (rows["role"] == MADE) & (reason != "")
    reason[is_made] = rows["note"][is_made].map(lambda note: note.split(",")[0]) + ": " + reason[is_made]
    return examples.without(reason, [note] if note and note not in examples.notes else [])


def without_overlapping(examples: Examples, task: str, length: int) -> Examples:
    """Leave out rows given as negatives whose window overlaps one that is positive in the same domain."""
    rows = examples.rows
    reason, notes = pd.Series("", index=rows.index, dtype=object), []
    for domain in pd.unique(rows["domain"]):
        positive = np.flatnonzero(examples.of(domain, task, 1.0))
        negative = np.flatnonzero((rows["domain"] == domain) & (rows["role"] == "negative"))
        overlapped = find_overlapped(rows, negative, positive, length)
        other = np.full(len(rows), -1)
        other[negative] = overlapped
        _add_reason(reason, rows, other, f"overlaps a positive of {domain}, ")
        if n := int((overlapped >= 0).sum()):
            notes.append(
                f"{n:,} of {len(negative):,} negatives of {domain} overlap a positive of {domain} and are left out "
                "(--keep-overlapping keeps them)"
            )
    return examples.without(reason, notes)


def _add_reason(reason: pd.Series, rows: pd.DataFrame, other: Int[np.ndarray, " n"], words: str) -> None:
    """Give rows that have no reason yet ``words`` and the place of the row that goes before them."""
    new = np.flatnonzero((other >= 0) & (reason == "").to_numpy())
    before = rows.iloc[other[new]]  # texts are made for these alone: millions of rows may stay
    place = before["file"].astype(str) + " line " + before["line"].astype(str)
    reason.iloc[new] = (words + place).to_numpy(dtype=object)


def _gather(item: Placed, genomes: Genomes, length: int, margin: int) -> UInt8[np.ndarray, "n width"]:
    windows = GenomeSequences.at(item.rows, genomes.by_name, length=length, margin=margin)
    return windows.gather(np.arange(len(windows)))
