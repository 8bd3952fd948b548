"""Is what is tested on also trained on? Equal sequences on either strand, windows that overlap, near duplicates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int8

from cislearn.data.clusters import has_locus, on_one_axis, overlaps_any
from cislearn.data.dataset import Dataset
from cislearn.data.parts import LEFT_OUT, TEST, TRAIN, VALID, SplitResult
from cislearn.data.sequences import map_windows
from cislearn.data.similarity import NEAR, WORD, greatest_similarity, index_words
from cislearn.sequence.hashes import forward_hash

REASONS = {
    "same sequence": "same sequence as a test row",
    "reverse complement": "reverse complement of a test row",
    "overlap": "overlaps the window of a test row",
    "near duplicate": f"shares {NEAR:.0%} or more of its {WORD}-mers with a test row",
}
"""Kinds of leaks, the plainest first, and why a row of train or valid is left out for one."""

EDGES = np.linspace(0, 1, 11).round(1)
"""Of the histogram of similarities."""


@dataclass(frozen=True)
class LeakReport:
    """What train and valid share with test.

    Parameters
    ----------
    part : ndarray, shape (N,), int8
        The split that was looked at.
    kinds : dict of str to ndarray, shape (N,), bool
        For each of `REASONS` the rows of train and valid with such a partner in test, and the rows of test with such a
        partner in train or valid. Rows with an equal partner on their own strand do not count as reverse complements,
        and those of any other kind do not count as near duplicates.
    similarity : ndarray, shape (N,), float64
        Greatest similarity to a row of the other side (`cislearn.data.similarity`); 1 for equal sequences.
    answers, domains : dict of str to ndarray, shape (N,), bool
        ``task positive`` and ``task negative``: rows with these labels; rows of each domain.
    notes : list of str
        What was not compared, and what validation shares with training, which is told and left as it is.
    """

    part: Int8[np.ndarray, " n"]
    kinds: dict[str, Bool[np.ndarray, " n"]]
    similarity: Float64[np.ndarray, " n"]
    answers: dict[str, Bool[np.ndarray, " n"]]
    domains: dict[str, Bool[np.ndarray, " n"]]
    notes: list[str]

    @property
    def leaky(self) -> Bool[np.ndarray, " n"]:
        """Rows of either side that leak, in whatever way."""
        return np.logical_or.reduce(list(self.kinds.values()))

    @property
    def rows(self) -> Bool[np.ndarray, " n"]:
        """Rows of train and valid that leak."""
        return self.leaky & (self.part != TEST)

    def __str__(self) -> str:
        """Return one line for people."""
        counts = {kind: int((mask & (self.part != TEST)).sum()) for kind, mask in self.kinds.items()}
        kinds = ", ".join(f"{kind} {n:,}" for kind, n in counts.items() if n)
        kinds += "; some are of several kinds" if sum(counts.values()) > self.rows.sum() else ""
        return "; ".join(
            [
                f"{int(self.rows.sum()):,} training and validation windows share a sequence, a locus or {NEAR:.0%} of"
                f" their {WORD}-mers with test windows{f' ({kinds})' if kinds else ''}",
                *self.notes,
            ]
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON holds.

        Returns
        -------
        dict
            train (with valid) and test: rows, how many leak, in which way, of which answer and domain; similarity: the
            edges of ten bins of greatest similarity, how many rows of test fall into each, and the notes.
        """
        is_test = self.part == TEST
        bins, _ = np.histogram(self.similarity[is_test], bins=EDGES)
        return {
            "train": self._counts((self.part >= 0) & ~is_test),
            "test": self._counts(is_test),
            "similarity": {"edges": EDGES.tolist(), "test_rows": bins.tolist(), "notes": list(self.notes)},
        }

    def _counts(self, side: Bool[np.ndarray, " n"]) -> dict[str, Any]:
        leaky = side & self.leaky
        return {
            "rows": int(side.sum()),
            "leaky": int(leaky.sum()),
            **{kind: int((side & mask).sum()) for kind, mask in self.kinds.items()},
            "leaky by answer": {name: int((leaky & rows).sum()) for name, rows in self.answers.items()},
            "leaky by domain": {name: int((leaky & rows).sum()) for name, rows in self.domains.items()},
        }


def find_leaks(dataset: Dataset, part: Int8[np.ndarray, " n"]) -> LeakReport:
    """Find rows of train and valid that share a sequence or a locus with a row of test, in whatever domain.

    Parameters
    ----------
    dataset : Dataset
        Any.
    part : ndarray, shape (N,), int8
        Part of each row.
    """
    kinds = find_shared(dataset, part)
    similarity, notes = _similarity(dataset, part)
    similarity[kinds["same sequence"] | kinds["reverse complement"]] = 1
    kinds["near duplicate"] = (similarity >= NEAR) & ~np.logical_or.reduce(list(kinds.values()))
    domains = {name: dataset.domain_codes == code for code, name in enumerate(dataset.spec.domains)}
    notes += _notes_on_validation(dataset, part)
    return LeakReport(part, kinds, similarity, _answers(dataset), domains, notes)


def _notes_on_validation(dataset: Dataset, part: Int8[np.ndarray, " n"]) -> list[str]:
    """Tell how many validation rows share a sequence or a locus with training: what is chosen on them is flattered."""
    is_train, is_valid = part == TRAIN, part == VALID
    same = np.isin(dataset.window_hashes[is_valid], dataset.window_hashes[is_train])
    shared = same | _overlap(dataset.loci, (is_valid, is_train))[is_valid]
    if not shared.any():
        return []
    return [
        f"{int(shared.sum()):,} of {len(shared):,} validation windows share a sequence or a locus with training"
        " windows: epochs, thresholds and temperatures chosen on them may be too sure of themselves"
    ]


def find_shared(dataset: Dataset, part: Int8[np.ndarray, " n"]) -> dict[str, Bool[np.ndarray, " n"]]:
    """Find what `find_leaks` does, but for near duplicates."""
    is_test, is_train = part == TEST, (part >= 0) & (part != TEST)
    sides = (is_train, is_test), (is_test, is_train)
    same, either = np.zeros((2, len(dataset)), dtype=bool)
    forward = map_windows(dataset.sequences, forward_hash, margin=dataset.spec.margin)
    for mine, others in sides:
        same[mine] = np.isin(forward[mine], forward[others])
        either[mine] = np.isin(dataset.window_hashes[mine], dataset.window_hashes[others])
    overlap = _overlap(dataset.loci, *sides)
    return {"same sequence": same, "reverse complement": either & ~same, "overlap": overlap}


def _overlap(
    loci: pd.DataFrame, *sides: tuple[Bool[np.ndarray, " n"], Bool[np.ndarray, " n"]]
) -> Bool[np.ndarray, " n"]:
    """Tell which rows of the first of two sides overlap one of the second; no row is in the first of two pairs."""
    overlap, placed = np.zeros(len(loci), dtype=bool), has_locus(loci)
    start, end = on_one_axis(loci)
    for mine, others in sides:
        here, there = mine & placed, others & placed
        overlap[here] = overlaps_any(start[here], end[here], start[there], end[there])
    return overlap


def drop_leaks(split: SplitResult, report: LeakReport) -> SplitResult:
    """Take rows of train and valid that leak out of the split, each with its reason; test stays as it is."""
    rows = np.flatnonzero(report.rows)
    if not len(rows):
        return split
    reason = np.select([report.kinds[kind][rows] for kind in REASONS], list(REASONS.values()), default="")
    part = split.part.copy()
    part[rows] = LEFT_OUT
    left_out = pd.concat([split.left_out, pd.DataFrame({"row": rows, "reason": reason})], ignore_index=True)
    note = (
        f"{len(rows):,} training and validation rows that share a sequence, a locus or {NEAR:.0%} of their {WORD}-mers"
        " with test are left out"
    )
    return SplitResult(part, split.how, [*split.notes, note], left_out)


def keep_leaks(split: SplitResult, report: LeakReport) -> SplitResult:
    """Return the same split, with a note on how many rows leak."""
    is_test, leaky = report.part == TEST, report.leaky
    note = (
        f"leaks are kept: {int(report.rows.sum()):,} training and validation rows leak, and"
        f" {int((leaky & is_test).sum()):,} of {int(is_test.sum()):,} test rows are leaked"
    )
    return SplitResult(split.part, split.how, [*split.notes, note], split.left_out)


def _similarity(dataset: Dataset, part: Int8[np.ndarray, " n"]) -> tuple[Float64[np.ndarray, " n"], list[str]]:
    """Greatest similarity of each row's window to a window of the other side, and notes on what was not counted."""
    similarity = np.zeros(len(dataset))
    rows = np.flatnonzero(part >= 0)
    is_test = part[rows] == TEST
    _, first, window = np.unique(dataset.window_hashes[rows], return_index=True, return_inverse=True)
    index = index_words(dataset.sequences, rows[first], margin=dataset.spec.margin)
    sides = np.unique(window[is_test]), np.unique(window[~is_test])
    of_test, of_train = greatest_similarity(index, *sides)
    similarity[rows] = np.where(is_test, of_test[window], of_train[window])
    return similarity, index.notes(*sides)


def _answers(dataset: Dataset) -> dict[str, Bool[np.ndarray, " n"]]:
    found = {}
    for column, task in enumerate(dataset.spec.tasks):
        if task.kind == "binary":
            labels = np.asarray(dataset.labels[:, column])
            found[f"{task.name} positive"], found[f"{task.name} negative"] = labels == 1, labels == 0
    return found
