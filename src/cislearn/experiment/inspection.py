"""What `cislearn inspect` shows of a dataset, as tables."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from cislearn.data.dataset import Dataset
from cislearn.data.describe import describe
from cislearn.data.leaks import find_leaks
from cislearn.data.split import split_rows


@dataclass(frozen=True)
class Inspection:
    """Tables of domains and labels, of parts, of what was left out, and notes on split and leaks."""

    domains: pd.DataFrame
    parts: pd.DataFrame
    dropped: pd.DataFrame
    notes: list[str]


def inspect_dataset(dataset: Dataset, by: str = "auto") -> Inspection:
    """Describe `dataset` and the split that `by` gives it; every domain counts as labelled as far as it is."""
    split = split_rows(dataset, by=by)
    found = describe(dataset, split, dict.fromkeys(dataset.spec.domains, "other"))
    domains = [
        {"domain": domain["name"], "task": task} | counts | {"GC": float(domain["gc_mean"])}
        for domain in found["domains"]
        for task, counts in domain["per_task"].items()
    ]
    parts = [{"domain": domain["name"], "all": domain["n"]} | domain["per_part"] for domain in found["domains"]]
    leaks = find_leaks(dataset, split.part)
    notes = [f"split: {split.how}", *split.notes, f"leak check: {leaks}"]
    return Inspection(pd.DataFrame(domains), pd.DataFrame(parts), pd.DataFrame(found["dropped"]), notes)
