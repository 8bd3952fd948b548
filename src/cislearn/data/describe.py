"""What is in a dataset and its split, as plain values: for ``cislearn inspect``, ``data.json`` and the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from cislearn.data.dataset import Dataset
from cislearn.data.leaks import LeakReport
from cislearn.data.parts import LEFT_OUT, PART_NAMES, SplitResult
from cislearn.data.sequences import map_windows
from cislearn.sequence.composition import gc_fraction

_PARTICULARS = {
    r" (in|of) .* line \d+$": "",
    r"^(unknown chromosome) .*": r"\1",
    r"^(past the end) .*": r"\1 of its chromosome",
}
"""What differs from row to row within one reason."""


def describe(
    dataset: Dataset, split: SplitResult, leaks: LeakReport, roles: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Tell the counts, composition, split, drops and leaks of a dataset.

    Parameters
    ----------
    dataset : Dataset
        Any.
    split : SplitResult
        Of its rows.
    leaks : LeakReport
        What its parts share, or shared before `split` left rows out.
    roles : mapping of str to str, optional
        Domain to ``source`` or ``target``; every other domain is ``other``.

    Returns
    -------
    dict
        What JSON holds: dataset, hash, n, length; domains (name, role, n, per_part, per_task, gc_mean); split (how,
        notes, left_out); dropped (reason, n); leaks (`cislearn.data.leaks.LeakReport.to_dict`).
    """
    gc = map_windows(dataset.sequences, gc_fraction, margin=dataset.spec.margin)
    return {
        "dataset": None if dataset.path is None else str(dataset.path),
        "hash": dataset.hash,
        "n": len(dataset),
        "length": dataset.spec.length,
        "domains": [
            _domain(dataset, split, gc, code, (roles or {}).get(name, "other"))
            for code, name in enumerate(dataset.spec.domains)
        ],
        "split": {"how": split.how, "notes": list(split.notes), "left_out": _tally(split.left_out["reason"])},
        "dropped": dropped_by_reason(dataset),
        "leaks": leaks.to_dict(),
    }


def split_in_words(record: Mapping[str, Any]) -> str:
    """Tell the way of a split and what of it bears on every number, from the record ``split`` of ``data.json``.

    Returns
    -------
    str
        ``random, leaks kept``; empty where nothing was recorded.
    """
    further = {"leaks": {"keep": "leaks kept"}, "deal": {"target": "only the target dealt"}}
    told = [words.get(record.get(key, "")) for key, words in further.items()]
    return ", ".join(str(word) for word in (record.get("how"), *told) if word)


def dropped_by_reason(dataset: Dataset) -> list[dict[str, Any]]:
    """Tell how many rows were left out for which reason, the most frequent first."""
    return _tally(dataset.dropped["reason"].astype(str).replace(_PARTICULARS, regex=True))


def _domain(dataset: Dataset, split: SplitResult, gc: np.ndarray, code: int, role: str) -> dict[str, Any]:
    rows = np.flatnonzero(dataset.domain_codes == code)
    part, counted = split.part[rows], [Counter(_answers(np.zeros(0), task.kind)) for task in dataset.spec.tasks]
    for labels in dataset.labels_in_pieces(rows):
        for task, column, count in zip(dataset.spec.tasks, labels.T, counted, strict=True):
            count.update(_answers(column, task.kind))
    known = gc[rows][~np.isnan(gc[rows])]
    return {
        "name": dataset.spec.domains[code],
        "role": role,
        "n": len(rows),
        "per_part": {name: int((part == p).sum()) for p, name in [*enumerate(PART_NAMES), (LEFT_OUT, "left out")]},
        "per_task": {task.name: dict(count) for task, count in zip(dataset.spec.tasks, counted, strict=True)},
        "gc_mean": float(known.mean()) if len(known) else None,
    }


def _answers(label: np.ndarray, kind: str) -> dict[str, int]:
    unlabelled = int(np.isnan(label).sum())
    if kind == "binary":
        return {"positive": int((label == 1).sum()), "negative": int((label == 0).sum()), "unlabelled": unlabelled}
    return {"labelled": len(label) - unlabelled, "unlabelled": unlabelled}


def _tally(reasons: Any) -> list[dict[str, Any]]:
    return [{"reason": str(reason), "n": int(n)} for reason, n in reasons.value_counts().items()]
