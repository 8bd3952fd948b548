"""The page of a study that holds everything against one value of its first axis, paired by the values of its last."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from cislearn.reports.numbers import decimal, signed
from cislearn.studies.markdown import not_run, table
from cislearn.studies.replicated import paired_interval
from cislearn.studies.study import Study, Trial

SHOWN = ("AUROC", "MCC")


def referred(study: Study, trials: Sequence[Trial], scores: pd.DataFrame, progress: pd.DataFrame) -> list[str]:
    """Return a table for each metric and way of scoring: a row a value of the first axis, a column one of the last.

    Parameters
    ----------
    study, trials
        With `Study.reference`.
    scores : DataFrame
        Of those trials that have a run.
    progress : DataFrame
        What is done and what the rest would cost.
    """
    rows, columns = study.axes
    places = list(dict.fromkeys(trial.keys[columns] for trial in trials))
    parts = []
    for method in scores["method"].unique():
        for metric in SHOWN:
            mine = scores[(scores["method"] == method) & (scores["metric"] == metric)]
            wide = mine.pivot_table(index=rows, columns=columns, values="estimate")
            if study.reference in wide.index:
                n = mine["n_seeds"].max() if method != "seeds averaged" else 0
                over = f", mean over {int(n)} seeds" if n > 1 else ", one seed" if n == 1 else ""
                parts += [f"## {metric}, {method.replace('_', ' ')}{over}", _against(wide, places, study.reference)]
    left = progress[progress["done"] < progress["runs"]]
    if len(left):
        parts.append(_not_run(left, rows))
    return parts


def _against(scores: pd.DataFrame, places: Sequence[str], reference: str) -> str:
    """Scores by place, and the mean difference to the reference over the places that both have."""
    scores = scores.reindex(columns=[place for place in places if place in scores])
    lines = []
    names = [str(name) for name in scores.index]
    for name in [reference, *(other for other in names if other != reference)]:
        cells = [decimal(float(value)) for value in scores.loc[name].to_numpy()]
        differences = (scores.loc[name] - scores.loc[reference]).dropna().to_numpy()
        mean, low, high = paired_interval(differences)
        difference = "" if name == reference else f"{signed(mean)} ({signed(low)}, {signed(high)})"
        lines.append([name, *cells, difference])
    return table([str(scores.index.name), *scores.columns, f"over {reference}, mean"], lines)


def _not_run(left: pd.DataFrame, axis: str) -> str:
    """What was not run, and what it would cost, for each value of the first axis."""
    lines = [[str(name), not_run(mine)] for name, mine in left.groupby(axis, sort=False)]
    return f"## Not run\n\n{table([axis, 'runs'], lines)}"
