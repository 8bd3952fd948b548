"""Is what is tested on also trained on? The same sequence on either strand, or a window that overlaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int8

from cislearn.data.clusters import has_locus, on_one_axis, overlaps_any, window_hashes
from cislearn.data.dataset import Dataset
from cislearn.data.parts import LEFT_OUT, TEST, SplitResult


@dataclass(frozen=True)
class LeakReport:
    """What train and valid share with test.

    Parameters
    ----------
    part : ndarray, shape (N,), int8
        The split that was looked at.
    sequence, overlap : ndarray, shape (N,), bool
        Rows of train and valid whose window equals, on either strand, or overlaps that of a row of test; and rows of
        test with such a partner in train or valid.
    answers : dict of str to ndarray, shape (N,), bool
        ``task positive`` and ``task negative``: rows with these labels.
    """

    part: Int8[np.ndarray, " n"]
    sequence: Bool[np.ndarray, " n"]
    overlap: Bool[np.ndarray, " n"]
    answers: dict[str, Bool[np.ndarray, " n"]]

    @property
    def rows(self) -> Bool[np.ndarray, " n"]:
        """Rows of train and valid that leak."""
        return (self.sequence | self.overlap) & (self.part != TEST)

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{int(self.rows.sum()):,} training and validation windows share a sequence or a locus with test windows"

    def to_dict(self) -> dict[str, Any]:
        """Return counts for JSON: rows of train and valid that leak, and rows of test that are leaked."""
        is_test = self.part == TEST
        return {"train": self._counts((self.part >= 0) & ~is_test), "test": self._counts(is_test)}

    def _counts(self, side: Bool[np.ndarray, " n"]) -> dict[str, Any]:
        leaky = side & (self.sequence | self.overlap)
        return {
            "rows": int(side.sum()),
            "leaky": int(leaky.sum()),
            "same sequence": int((side & self.sequence).sum()),
            "overlap": int((side & self.overlap).sum()),
            "leaky by answer": {name: int((leaky & rows).sum()) for name, rows in self.answers.items()},
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
    is_test, is_train = part == TEST, (part >= 0) & (part != TEST)
    sequence, overlap = np.zeros((2, len(dataset)), dtype=bool)
    hashes = window_hashes(dataset)
    start, end = on_one_axis(dataset.loci)
    placed = has_locus(dataset.loci)
    for mine, others in ((is_train, is_test), (is_test, is_train)):
        sequence[mine] = np.isin(hashes[mine], hashes[others])
        here, there = mine & placed, others & placed
        overlap[here] = overlaps_any(start[here], end[here], start[there], end[there])
    return LeakReport(part, sequence, overlap, _answers(dataset))


def drop_leaks(split: SplitResult, report: LeakReport) -> SplitResult:
    """Take rows of train and valid that leak out of the split, each with its reason; test stays as it is."""
    rows = np.flatnonzero(report.rows)
    if not len(rows):
        return split
    reason = np.where(report.sequence[rows], "same sequence as a test row", "overlaps the window of a test row")
    part = split.part.copy()
    part[rows] = LEFT_OUT
    left_out = pd.concat([split.left_out, pd.DataFrame({"row": rows, "reason": reason})], ignore_index=True)
    note = f"{len(rows):,} training and validation rows that share a sequence or a locus with test are left out"
    return SplitResult(part, split.how, [*split.notes, note], left_out)


def _answers(dataset: Dataset) -> dict[str, Bool[np.ndarray, " n"]]:
    labels = dataset.labels_float(np.arange(len(dataset)))
    found = {}
    for column, task in enumerate(dataset.spec.tasks):
        if task.kind == "binary":
            found[f"{task.name} positive"] = labels[:, column] == 1
            found[f"{task.name} negative"] = labels[:, column] == 0
    return found
