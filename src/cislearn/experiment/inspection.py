"""What `cislearn inspect` shows of a dataset at once, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cislearn.data.dataset import Dataset
from cislearn.data.describe import describe
from cislearn.data.leaks import LeakReport, drop_leaks, find_leaks
from cislearn.data.parts import TEST
from cislearn.data.split import split_rows
from cislearn.experiment.roles import Roles, check_domain_name

_MOST_CLASSES = 6
"""Classes whose leaks are told; of more, those that leak most."""


@dataclass(frozen=True)
class Inspection:
    """What a dataset holds.

    Parameters
    ----------
    domains, parts, dropped : DataFrame
        Windows by domain, task and label; by domain and part; left out, by reason.
    notes : list of str
        On split and leaks.
    roles : Roles
        Its rows told apart, all labelled domains but the target as sources; there may be none.
    """

    domains: pd.DataFrame
    parts: pd.DataFrame
    dropped: pd.DataFrame
    notes: list[str]
    roles: Roles


def inspect_dataset(
    dataset: Dataset,
    by: str = "auto",
    target: str | None = None,
    *,
    folds: Mapping[str, Sequence[str]] | None = None,
) -> Inspection:
    """Describe `dataset` and the split that `by` or `folds` gives it.

    Parameters
    ----------
    dataset : Dataset
        Any.
    by : str
        See `cislearn.data.split.split_rows`.
    target : str, optional
        A domain whose labels have no say in the split.
    folds : mapping of str to list of str, optional
        Chromosomes of each part.

    Raises
    ------
    UserError
        Where it cannot be split so, or has no domain `target`.
    """
    if target is not None:
        check_domain_name(dataset, target)
    split = split_rows(dataset, by=by, target=target, folds=folds)
    leaks = find_leaks(dataset, split.part)
    found = describe(dataset, split, leaks)
    domains = [
        {"domain": domain["name"], "task": task} | counts | {"GC": _number(domain["gc_mean"])}
        for domain in found["domains"]
        for task, counts in domain["per_task"].items()
    ]
    parts = [{"domain": domain["name"], "all": domain["n"]} | domain["per_part"] for domain in found["domains"]]
    notes = [f"split: {split.how}", *split.notes, f"leak check: {leaks}", *_leaks_by_class(leaks)]
    labelled = [
        domain["name"]
        for domain in found["domains"]
        if any(counts["unlabelled"] < domain["n"] for counts in domain["per_task"].values())
    ]
    sources = tuple(name for name in labelled if name != target)
    roles = Roles(dataset, sources, target, drop_leaks(split, leaks), leaks, np.zeros(len(dataset), dtype=bool))
    return Inspection(pd.DataFrame(domains), pd.DataFrame(parts), pd.DataFrame(found["dropped"]), notes, roles)


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _leaks_by_class(leaks: LeakReport) -> list[str]:
    """One note on what share of the test rows of each class has a partner in train or valid."""
    is_test = leaks.part == TEST
    leaked = leaks.to_dict()["test"]["leaky by answer"]
    counts = {name: (leaked[name], int((is_test & rows).sum())) for name, rows in leaks.answers.items()}
    there = sorted((name for name, (n, _) in counts.items() if n), key=lambda name: -counts[name][0] / counts[name][1])
    told = [f"{name} {counts[name][0]:,} of {counts[name][1]:,}" for name in there[:_MOST_CLASSES]]
    more = ", ..." if len(there) > _MOST_CLASSES else ""
    return [f"test windows that training or validation windows share: {', '.join(told)}{more}"] if told else []
