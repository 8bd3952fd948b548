"""What each criterion would choose, and how far that falls short of the best that there was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from cislearn.evaluation.choosing.criteria import CRITERIA, Criterion

AT_RANDOM = "at random"
"""Instead of a criterion: the mean over all that could be chosen."""


def choices(table: pd.DataFrame, among: Literal["methods", "runs"] = "runs") -> pd.DataFrame:
    """Return what each criterion would choose, by task.

    Parameters
    ----------
    table : DataFrame
        ``criteria.tsv``: method, seed, task, the columns of `CRITERIA`, and target_auroc (NaN without target labels).
        Where a criterion is NaN for a candidate, that one cannot be chosen by it.
    among : {"methods", "runs"}
        Methods by the means over their seeds, or single runs.

    Returns
    -------
    DataFrame
        task, criterion, method, seed (NaN among methods), value, target_auroc (of what was chosen), best (the greatest
        that there was) and shortfall (best - target_auroc). The row `AT_RANDOM` holds the mean over all candidates.
    """
    rows = []
    for task, candidates in table.groupby("task", sort=False):
        mine = candidates if among == "runs" else _means(candidates)
        best = mine["target_auroc"].max()
        chosen = [row for criterion in CRITERIA for row in _chosen(mine, criterion)]
        chosen.append({"criterion": AT_RANDOM, "target_auroc": mine["target_auroc"].mean()})
        rows += [{"task": task} | row | {"best": best, "shortfall": best - row["target_auroc"]} for row in chosen]
    columns = ["task", "criterion", "method", "seed", "value", "target_auroc", "best", "shortfall"]
    return pd.DataFrame(rows, columns=columns)


def shortfalls(tables: Sequence[pd.DataFrame], among: Literal["methods", "runs"] = "runs") -> pd.DataFrame:
    """Summarise over many experiments how far each criterion falls short of the best choice.

    Parameters
    ----------
    tables : sequence of DataFrame
        ``criteria.tsv`` of each experiment. A task of one counts where it has target labels and candidates that differ.
    among : {"methods", "runs"}
        As for `choices`.

    Returns
    -------
    DataFrame
        criterion, n (choices), mean, median and worst shortfall in AUROC, found_best (share of the choices without one)
        and gain (mean shortfall of a choice at random less its own, over the same choices: below 0 it is worse than
        that). Sorted by the mean.
    """
    labelled = [table[table["target_auroc"].notna()] for table in tables]
    counted = [table for table in labelled if len(table)]
    made = [choices(table, among).assign(experiment=number) for number, table in enumerate(counted)]
    columns = ["criterion", "n", "mean", "median", "worst", "found_best", "gain"]
    if not made:
        return pd.DataFrame(columns=columns)
    every = pd.concat(made, ignore_index=True)
    of_chance = every[every["criterion"] == AT_RANDOM].set_index(["experiment", "task"])["shortfall"]
    every["chance"] = of_chance.reindex(pd.MultiIndex.from_frame(every[["experiment", "task"]])).to_numpy()
    # A choice among one, or among equals, tells nothing.
    every = every[every["chance"] > 0]
    rows: list[dict[str, Any]] = [
        {
            "criterion": criterion,
            "n": len(mine),
            "mean": mine["shortfall"].mean(),
            "median": mine["shortfall"].median(),
            "worst": mine["shortfall"].max(),
            "found_best": (mine["shortfall"] == 0).mean(),
            "gain": (mine["chance"] - mine["shortfall"]).mean(),
        }
        for criterion, mine in every.groupby("criterion", sort=False)
    ]
    return pd.DataFrame(rows, columns=columns).sort_values("mean", ignore_index=True)


def _means(candidates: pd.DataFrame) -> pd.DataFrame:
    """Mean over the seeds of each method, in the order of the methods."""
    numbers = [*(criterion.name for criterion in CRITERIA), "target_auroc"]
    return candidates.groupby("method", sort=False)[numbers].mean().reset_index().assign(seed=np.nan)


def _chosen(candidates: pd.DataFrame, criterion: Criterion) -> list[dict[str, Any]]:
    """The row of the candidate that a criterion prefers, the first of equals; none where it has no value."""
    values = candidates[criterion.name]
    if values.isna().all():
        return []
    row = candidates.iloc[int(np.nanargmax(values if criterion.larger_is_better else -values))]
    kept = {name: row[name] for name in ("method", "seed", "target_auroc")}
    return [{"criterion": criterion.name, "value": row[criterion.name]} | kept]
