"""AUROC of the simple models on test windows, without any network to stand beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cislearn.baselines import ChromosomeOfOrigin
from cislearn.data.clusters import locus_clusters
from cislearn.evaluation.intervals import estimate
from cislearn.evaluation.ranking import auroc, auroc_many
from cislearn.experiment.battery import NOT_FITTED, fit_models, predict_models
from cislearn.experiment.roles import Roles, Side
from cislearn.reports.numbers import decimal

COLUMNS = ["task", "simple model", "AUROC", "low", "high", "detail"]

MOST_ROWS = 18
"""Rows of the table in which every model of every task is told; of more, the best model of each task."""

RESAMPLES = 300
"""Of the intervals, which are looked at once and written nowhere."""


TOLD = 0.6
"""AUROC of the chromosome alone above which, by the lower end of its interval, people are warned."""


def score_battery(roles: Roles, names: Sequence[str], side: Side) -> pd.DataFrame:
    """Fit simple models to the sources' training windows and score them on the test windows of one side.

    Parameters
    ----------
    roles : Roles
        All tasks binary.
    names : list of str
        Which.
    side : {"sources", "target"}
        Whose test windows.

    Returns
    -------
    DataFrame
        task, simple model, AUROC, low, high, detail; the best model of each task where there are many. AUROC is NaN
        where a model could not be fitted or the test windows are of one class.
    """
    dataset, rows = roles.dataset, roles.labelled_rows(side, "test")
    models = fit_models(roles, names)
    logits, labels = predict_models(dataset, models, rows), dataset.labels_float(rows)
    clusters = locus_clusters(dataset)[rows]
    table, shows_all = [], len(names) * len(dataset.spec.tasks) <= MOST_ROWS
    for t, task in enumerate(dataset.spec.tasks):
        seen = ~np.isnan(labels[:, t])
        scores = {name: auroc(labels[seen, t], logits[name][seen, t]) for name in names if models[name][t]}
        best = max(scores, key=lambda name: np.nan_to_num(scores[name]), default=names[0])
        for name in names if shows_all else [best]:
            row: dict[str, Any] = {"task": task.name, "simple model": name, "AUROC": scores.get(name, np.nan)}
            model = models[name][t]
            if model:
                of = labels[seen, t], logits[name][seen, t][None], clusters[seen]
                found = estimate(auroc_many, *of, n_resamples=RESAMPLES)
                row |= {"low": found.low, "high": found.high}
            table.append(row | {"detail": model.detail if model else NOT_FITTED})
    return pd.DataFrame(table, columns=COLUMNS)


def locus_warning(table: pd.DataFrame) -> str | None:
    """Say in plain words that the chromosome alone tells the classes, where `score_battery` found that; else None."""
    found = table[table["simple model"].eq(ChromosomeOfOrigin.name) & table["low"].gt(TOLD)]
    if found.empty:
        return None
    worst = found.sort_values("AUROC").to_dict("records")[-1]
    return (
        f"the chromosome alone tells positives from negatives (AUROC {decimal(worst['AUROC'], 2)} for {worst['task']};"
        f" {worst['detail']}). They were not taken from the same places, so a good score need not mean that a model"
        " knows what binds. Take negatives from where the positives lie"
    )
