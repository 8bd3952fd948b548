"""How far each criterion that needs no target label falls short of the best choice, over the trials of a study."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from cislearn.evaluation.choosing.choices import shortfalls
from cislearn.evaluation.choosing.criteria import CRITERIA
from cislearn.experiment.completion import Experiment
from cislearn.experiment.diagnosing.run import CRITERIA as CRITERIA_TABLE
from cislearn.reports.numbers import decimal, signed
from cislearn.studies.markdown import table
from cislearn.studies.replicated import MAIN

PREFIX = "criterion "
"""Of a criterion's name where it stands among metrics."""


def with_criteria(scores: pd.DataFrame, experiment: Experiment) -> pd.DataFrame:
    """Return the scores of a trial with the mean over seeds of each criterion as rows like those of metrics."""
    path = experiment.path / CRITERIA_TABLE
    if not path.is_file():
        return scores
    found = pd.read_csv(path, sep="\t")
    names = [criterion.name for criterion in CRITERIA]
    means = found.groupby("method", sort=False)[names].mean()
    long = means.reset_index().melt("method", var_name="metric", value_name="estimate").dropna(subset="estimate")
    long["metric"] = PREFIX + long["metric"]
    seeds = found.groupby("method")["seed"].nunique()
    return pd.concat([scores, long.assign(n_seeds=long["method"].map(seeds))], ignore_index=True)


def shortfall_table(scores: pd.DataFrame, axes: Sequence[str]) -> str | None:
    """Return a table: a row a criterion, how far its choice among the methods of a trial is below the best one.

    Parameters
    ----------
    scores : DataFrame
        With rows of `with_criteria`.
    axes : list of str
        Columns that tell trials apart.

    Returns
    -------
    str or None
        None where no trial has criteria and two methods.
    """
    trials = [_as_candidates(mine) for _, mine in scores.groupby(list(axes), sort=False)]
    found = shortfalls([trial for trial in trials if trial is not None])
    if found.empty:
        return None
    titles = {criterion.name: criterion.heading for criterion in CRITERIA}
    rows = [
        [
            titles.get(row["criterion"], row["criterion"]), str(row["n"]), decimal(row["mean"]), decimal(row["worst"]),
            f"{row['found_best']:.0%}", signed(row["gain"]),
        ]
        for row in found.to_dict("records")
    ]  # fmt: skip
    head = ["criterion", "trials", "mean shortfall in AUROC", "worst", "found the best", "over choosing at random"]
    return table(head, rows)


def _as_candidates(scores: pd.DataFrame) -> pd.DataFrame | None:
    """Return the methods of one trial that have criteria as candidates: the columns that `shortfalls` takes."""
    wide = scores.pivot_table(index="method", columns="metric", values="estimate", sort=False)
    given = [name for name in wide if str(name).startswith(PREFIX)]
    if not given:
        return None
    wide = wide.dropna(subset=given, how="all").rename(columns={name: str(name).removeprefix(PREFIX) for name in given})
    wide = wide.reindex(columns=[*(criterion.name for criterion in CRITERIA), MAIN])
    return wide.rename(columns={MAIN: "target_auroc"}).reset_index().assign(seed=0, task="")
