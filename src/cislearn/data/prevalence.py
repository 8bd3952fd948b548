"""How many windows are positive for each of many tasks: in a table, and in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Int8

PREVALENCE = "prevalence.tsv"
_LABELS_AT_ONCE = 1 << 24


def count_active(names: Sequence[str], labels: Int8[np.ndarray, "n t"]) -> pd.DataFrame:
    """Return for each task the number of windows that are active (1), of all windows, and their share.

    Parameters
    ----------
    names : list of str
        Of the tasks.
    labels : ndarray, shape (n, tasks), int8
        0 and 1; it may be a memory map.
    """
    step = max(1, _LABELS_AT_ONCE // len(names))
    parts = (labels[first : first + step] for first in range(0, len(labels), step))
    active = sum((part.sum(axis=0, dtype=np.int64) for part in parts), np.zeros(len(names), dtype=np.int64))
    return pd.DataFrame({"task": names, "active": active, "windows": len(labels), "share": active / len(labels)})


def told(prevalence: pd.DataFrame) -> str:
    """Return the least, the middle and the greatest share of active windows in words."""
    ordered = prevalence.sort_values("share", kind="stable")
    low, high = ordered.iloc[0], ordered.iloc[-1]
    return (
        f"share of windows that are active: median of {len(ordered):,} tasks {ordered['share'].median():.2%}, from"
        f" {low['share']:.2%} ({low['task']}) to {high['share']:.2%} ({high['task']}); all in {PREVALENCE}"
    )
