"""What the pages of studies are made of: tables in Markdown, rows of a trial, and what was not run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from cislearn.studies.study import Trial


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def of_trial(frame: pd.DataFrame, trial: Trial) -> pd.Series:
    """Return which rows of `frame` are of a trial, by its keys."""
    same = pd.Series(True, index=frame.index)
    for name, value in trial.keys.items():
        same &= frame[name] == value
    return same


def cost_of_the_rest(row: Mapping[Any, Any]) -> list[str]:
    """Return method, and how many of its seeds were not run at what estimated cost; nothing where all were."""
    if row["done"] == row["runs"]:
        return ["", ""]
    return [str(row["method"]).replace("_", " "), _not_run(row["runs"], row["done"], row["core_hours_left"])]


def not_run(progress: pd.DataFrame) -> str:
    """Return how many runs of these rows of the progress are missing, and what they would cost; empty for none."""
    runs, done = int(progress["runs"].sum()), int(progress["done"].sum())
    return "" if runs == done else _not_run(runs, done, float(progress["core_hours_left"].sum()))


def _not_run(runs: int, done: int, core_hours: float) -> str:
    return f"not run: {runs - done} of {runs} (est. {core_hours:.2f} core-h)"
