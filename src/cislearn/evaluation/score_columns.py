"""Columns of scores of one file, each by itself and against the first: for predictions of any tool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64, Integer

from cislearn.evaluation.calibration import calibration_error_many
from cislearn.evaluation.calls import f1
from cislearn.evaluation.delong import delong, delong_difference
from cislearn.evaluation.handed_in import are_calls
from cislearn.evaluation.intervals import estimates
from cislearn.evaluation.ranking import best_threshold
from cislearn.evaluation.resamples import Panel
from cislearn.evaluation.tables import comparison_table, score_table

DELONG = "AUROC (DeLong)"
BEST_F1 = "F1 max (oracle threshold)"
CALLED_F1 = "F1 of the calls"


def score_columns(
    labels: Float64[np.ndarray, " n"],
    scores: Mapping[str, Float64[np.ndarray, " n"]],
    clusters: Integer[np.ndarray, " n"],
    *,
    n_resamples: int = 1000,
) -> pd.DataFrame:
    """Score each column.

    Parameters
    ----------
    labels : ndarray, shape (n,)
        0 and 1, both.
    scores : mapping of str to ndarray, shape (n,)
        By column.
    clusters : ndarray, shape (n,)
        Cluster of loci of each row: the bootstrap draws these whole.
    n_resamples : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        Columns score, metric, estimate, low, high, n, n_positive, prevalence. The metrics of `score_table`; AUROC again
        with DeLong's interval, which takes rows as independent; the greatest F1, whose threshold is chosen on these
        very rows and which therefore has no interval, or the F1 of scores that are calls; and the calibration error of
        scores that all lie in [0, 1] and are no calls.
    """
    tables = []
    for name, values in scores.items():
        ranked = score_table("binary", labels, values[None], clusters, n_resamples=n_resamples)
        area = delong(labels, values)
        further = [{"metric": DELONG, "estimate": area.auroc, "low": area.low, "high": area.high}]
        further.append({"metric": CALLED_F1 if are_calls(values) else BEST_F1, "estimate": _f1(labels, values)})
        if not are_calls(values) and values.min() >= 0 and values.max() <= 1:
            panel = Panel(("calibration error",), calibration_error_many, values[None])
            found = estimates([panel], labels, clusters, n_resamples=n_resamples)["calibration error"]
            further.append({"metric": panel.names[0], "estimate": found.value, "low": found.low, "high": found.high})
        table = pd.concat([ranked[["metric", "estimate", "low", "high"]], pd.DataFrame(further)], ignore_index=True)
        tables.append(table.assign(score=name))
    counts: dict[str, Any] = {"n": len(labels), "n_positive": int(labels.sum()), "prevalence": float(labels.mean())}
    whole = pd.concat(tables, ignore_index=True).assign(**counts)
    return whole[["score", *whole.columns.drop("score")]]


def compare_columns(
    labels: Float64[np.ndarray, " n"],
    scores: Mapping[str, Float64[np.ndarray, " n"]],
    clusters: Integer[np.ndarray, " n"],
    *,
    n_resamples: int = 1000,
) -> pd.DataFrame:
    """Each column minus the first, paired by row. Takes what `score_columns` does.

    Returns
    -------
    DataFrame
        Columns score, baseline, metric, difference, low, high, p. Only AUROC by DeLong has a p value.
    """
    (first, baseline), *others = scores.items()
    tables = []
    for name, values in others:
        ranked = comparison_table("binary", labels, values[None], baseline[None], clusters, n_resamples=n_resamples)
        paired = delong_difference(labels, values, baseline)
        row = {"metric": DELONG, "difference": paired.difference, "low": paired.low, "high": paired.high, "p": paired.p}
        table = pd.concat([ranked[["metric", "difference", "low", "high"]], pd.DataFrame([row])], ignore_index=True)
        tables.append(table.assign(score=name, baseline=first))
    whole = pd.concat(tables, ignore_index=True)
    return whole[["score", "baseline", "metric", "difference", "low", "high", "p"]]


def _f1(labels: Float64[np.ndarray, " n"], values: Float64[np.ndarray, " n"]) -> float:
    threshold = 1.0 if are_calls(values) else best_threshold(labels, values)
    return f1(labels, values >= threshold)
