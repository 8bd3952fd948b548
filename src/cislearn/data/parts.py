"""The parts of a split, and what each must hold for training and scoring to make sense."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int, Int8

from cislearn.data.dataset import Dataset
from cislearn.errors import UserError

TRAIN, VALID, TEST = 0, 1, 2
LEFT_OUT = -1
PART_NAMES = ("train", "valid", "test")


@dataclass(frozen=True)
class SplitResult:
    """Which part each row belongs to.

    Parameters
    ----------
    part : ndarray, shape (N,), int8
        ``TRAIN``, ``VALID``, ``TEST`` or ``LEFT_OUT``.
    how : str
        ``chromosome``, ``block``, ``similarity``, ``sequence``, ``random`` or ``given``.
    notes : list of str
        Why so, which chromosomes or blocks, and what about it is to be known.
    left_out : DataFrame
        ``row`` and ``reason`` of the rows that are in no part.
    """

    part: Int8[np.ndarray, " n"]
    how: str
    notes: list[str] = field(default_factory=list)
    left_out: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"row": [], "reason": []}))


class Stratum(NamedTuple):
    """Rows of one domain with one answer: ``positive`` or ``negative`` of a task, ``labelled``, or all ``rows``."""

    domain: str
    task: str
    answer: str


@dataclass(frozen=True)
class Strata:
    """How many rows of each stratum each group of rows has.

    Parameters
    ----------
    names : list of Stratum
        The strata that have rows.
    counts : ndarray, shape (groups, strata), float64
        Rows.
    """

    names: list[Stratum]
    counts: Float64[np.ndarray, "g s"]


def count_strata(dataset: Dataset, group: Int[np.ndarray, " n"], n_groups: int) -> Strata:
    """Count the rows of each stratum in each group; rows whose group is negative are left out.

    With several binary tasks the rows that are negative for all of them are a stratum too: they can all lie on one
    chromosome while each single task has negatives everywhere.
    """
    names, columns = list[Stratum](), list[np.ndarray]()

    def add(stratum: Stratum, rows: np.ndarray) -> None:
        rows = rows[group[rows] >= 0]
        if len(rows):
            names.append(stratum)
            columns.append(np.bincount(group[rows], minlength=n_groups).astype(float))

    for code, domain in enumerate(dataset.spec.domains):
        rows = np.flatnonzero(dataset.domain_codes == code)
        add(Stratum(domain, "", "rows"), rows)
        n_binary, is_negative = 0, np.ones(len(rows), dtype=bool)
        for column, task in enumerate(dataset.spec.tasks):
            labels = dataset.labels[rows, column]  # of one task at a time: there may be a thousand
            if task.kind == "binary":
                n_binary, is_negative = n_binary + 1, is_negative & (labels == 0)
                add(Stratum(domain, task.name, "positive"), rows[labels == 1])
                add(Stratum(domain, task.name, "negative"), rows[labels == 0])
            else:
                add(Stratum(domain, task.name, "labelled"), rows[~np.isnan(labels)])
        if n_binary > 1:
            add(Stratum(domain, "every task", "negative"), rows[is_negative])
    return Strata(names, np.stack(columns, axis=1) if columns else np.zeros((n_groups, 0)))


def is_balanced(strata: Strata, shares: Float64[np.ndarray, " 3"]) -> bool:
    """Whether each part (the groups of `strata`) has a quarter or more of its fair share of each stratum."""
    fair = shares[:, None] * strata.counts.sum(axis=0)
    return bool((strata.counts >= np.floor(fair / 4)).all()) and _what_is_missing(strata) is None


def check_parts(
    dataset: Dataset, part: Int8[np.ndarray, " n"], how: str, fix: str | None = None, *, unseen: str | None = None
) -> None:
    """Refuse a split with an empty part, or with a part in which a labelled domain lacks a class in every task.

    Rows that are in no part do not count, nor do domains that have no others. Of a domain whose labels are `unseen`,
    which have no say in the split either, only the test part needs every class: the others are read without them.

    Raises
    ------
    UserError
        With the counts.
    """
    missing = _what_is_missing(count_strata(dataset, part.astype(np.int64), len(PART_NAMES)), unseen)
    if missing:
        raise UserError(
            f"the split by {how} leaves {missing}",
            fix=fix or "Give other shares or chromosomes for valid and test, smaller blocks, or more data.",
        )


LEAKED = "leak: each shares a locus or much of its sequence with a test row"
KEEP = (
    "Split by chromosome, block or similarity, or say data.split.leaks: keep and read the number for test rows that do"
    " not leak."
)


def check_what_is_left(
    dataset: Dataset, before: SplitResult, after: SplitResult, *, why: str = LEAKED, fix: str = KEEP
) -> None:
    """Refuse a split that has lost a domain's rows of train, or a class of it in any part, to the leak check.

    Parameters
    ----------
    dataset : Dataset
        That was split.
    before, after : SplitResult
        With the rows that are lost, and without.
    why, fix : str
        What became of them, and what to do.

    Raises
    ------
    UserError
        With the part, the domain and how many rows were lost.
    """
    was, now = (count_strata(dataset, each.part.astype(np.int64), len(PART_NAMES)) for each in (before, after))
    for part, name in enumerate(PART_NAMES):
        had, has = (_per_domain(strata, part) for strata in (was, now))
        for (domain, answer), n in had.items():
            matters = answer != "rows" or part == TRAIN
            if matters and n > 0 and has.get((domain, answer), 0) == 0:
                what = "" if answer == "rows" else f"{answer} "
                raise UserError(f"all {int(n):,} {what}rows of domain {domain!r} for {name} {why}", fix=fix)


def _per_domain(strata: Strata, part: int) -> dict[tuple[str, str], float]:
    """Rows of each domain and answer in one part, over its tasks."""
    found: dict[tuple[str, str], float] = {}
    for name, n in zip(strata.names, strata.counts[part], strict=True):
        found[name.domain, name.answer] = found.get((name.domain, name.answer), 0) + n
    return found


def _what_is_missing(strata: Strata, unseen: str | None = None) -> str | None:
    rows = strata.counts[:, [name.answer == "rows" for name in strata.names]].sum(axis=1)
    counts = ", ".join(f"{name} {int(n):,}" for name, n in zip(PART_NAMES, rows, strict=True))
    for part, n in zip(PART_NAMES, rows, strict=True):
        if n == 0:
            return f"no rows for {part} ({counts})"
    for domain in dict.fromkeys(name.domain for name in strata.names):
        for answer in ("positive", "negative", "labelled"):
            mine = [k for k, name in enumerate(strata.names) if name.domain == domain and name.answer == answer]
            in_parts = strata.counts[:, mine].sum(axis=1)
            needed = in_parts[TEST:] if domain == unseen else in_parts
            if mine and (needed == 0).any():
                part = PART_NAMES[len(PART_NAMES) - len(needed) + int(np.argmin(needed))]
                counts = ", ".join(f"{name} {int(n):,}" for name, n in zip(PART_NAMES, in_parts, strict=True))
                return f"no {answer} rows of domain {domain!r} for {part} ({answer}: {counts})"
    return None
