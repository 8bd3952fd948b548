"""The page of a study whose last axis tells replicates: means over them, and differences paired by replicate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import t

from cislearn.reports.numbers import decimal, signed
from cislearn.studies.markdown import not_run, table
from cislearn.studies.study import Study, Trial

MAIN, SECOND = "AUROC", "AUPRC"


def replicated(study: Study, trials: Sequence[Trial], scores: pd.DataFrame, progress: pd.DataFrame) -> list[str]:
    """Return a table for each value of the first axis: a row a method, simple models below the trained ones.

    Parameters
    ----------
    study, trials
        With `Study.replicates`.
    scores : DataFrame
        Of those trials that have a run.
    progress : DataFrame
        What is done and what the rest would cost.
    """
    first = study.axes[0]
    parts = []
    for value in dict.fromkeys(trial.keys[first] for trial in trials):
        mine, left = scores[scores[first] == value], progress[progress[first] == value]
        parts.append(f"## {first}: {value}")
        if len(mine):
            parts.append(_methods(mine, study.replicates, trained=list(dict.fromkeys(left["method"]))))
        if missing := not_run(left):
            parts.append(missing)
    return parts


def paired_interval(differences: Float[np.ndarray, " n"], level: float = 0.95) -> tuple[float, float, float]:
    """Mean of differences between replicates that are independent, and its t interval; NaN ends for a single one.

    Of none the mean is NaN too.
    """
    n = len(differences)
    mean = float(np.mean(differences)) if n else float("nan")
    if n < 2:
        return mean, float("nan"), float("nan")
    half = float(t.ppf((1 + level) / 2, n - 1) * np.std(differences, ddof=1) / np.sqrt(n))
    return mean, mean - half, mean + half


def _methods(scores: pd.DataFrame, replicate: str, trained: Sequence[str]) -> str:
    """A row a method: mean and spread of the scores, difference to the first method and to the best simple model."""
    by_method = scores[scores["metric"] == MAIN].pivot_table(
        index=replicate, columns="method", values="estimate", sort=False
    )
    second = scores[scores["metric"] == SECOND].pivot_table(index=replicate, columns="method", values="estimate")
    simple = [name for name in by_method if name not in trained]
    by_method = by_method.reindex(columns=[*trained, *simple])  # of some there may be no score: others were run first
    bar = by_method[simple].max(axis=1) if simple else None
    rows = []
    for name in by_method.columns[by_method.notna().any()]:
        over_first = by_method[name] - by_method[trained[0]]
        is_first, is_trained = name == trained[0], name in trained
        rows.append(
            [
                str(name).replace("_", " "),
                str(int(by_method[name].notna().sum())),
                f"{decimal(by_method[name].mean())} ± {decimal(by_method[name].std())}",
                decimal(second[name].mean()) if name in second else "",
                "" if is_first or not is_trained else _interval(over_first),
                _interval(by_method[name] - bar) if is_trained and bar is not None else "",
            ]
        )
    first = str(trained[0]).replace("_", " ")
    head = ["method", f"{replicate}s", f"{MAIN} ± sd", SECOND, f"over {first}", "over the best simple model"]
    return table(head, rows)


def _interval(differences: pd.Series) -> str:
    mean, low, high = paired_interval(differences.dropna().to_numpy())
    return f"{signed(mean)} ({signed(low)}, {signed(high)})"
