"""What `cislearn inspect` shows of a dataset, as tables."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from cislearn.data.dataset import Dataset
from cislearn.data.describe import describe
from cislearn.data.leaks import find_leaks
from cislearn.data.split import split_rows
from cislearn.errors import UserError, nearest


@dataclass(frozen=True)
class Inspection:
    """Tables of domains and labels, of parts, of what was left out, and notes on split and leaks."""

    domains: pd.DataFrame
    parts: pd.DataFrame
    dropped: pd.DataFrame
    notes: list[str]


def inspect_dataset(dataset: Dataset, by: str = "auto", target: str | None = None) -> Inspection:
    """Describe `dataset` and the split that `by` gives it, in which the labels of `target` have no say.

    Raises
    ------
    UserError
        Where it cannot be split so, or has no domain `target`.
    """
    if target is not None and target not in dataset.spec.domains:
        raise UserError(f"domain {target!r} is not in the dataset{nearest(target, dataset.spec.domains)}")
    split = split_rows(dataset, by=by, target=target)
    leaks = find_leaks(dataset, split.part)
    found = describe(dataset, split, leaks)
    domains = [
        {"domain": domain["name"], "task": task} | counts | {"GC": float(domain["gc_mean"])}
        for domain in found["domains"]
        for task, counts in domain["per_task"].items()
    ]
    parts = [{"domain": domain["name"], "all": domain["n"]} | domain["per_part"] for domain in found["domains"]]
    notes = [f"split: {split.how}", *split.notes, f"leak check: {leaks}"]
    return Inspection(pd.DataFrame(domains), pd.DataFrame(parts), pd.DataFrame(found["dropped"]), notes)
