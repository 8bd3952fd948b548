"""The table of predictions that every run holds, and the thresholds and temperatures chosen on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from cislearn.evaluation.calibration import fit_temperature
from cislearn.evaluation.thresholds import calling_threshold
from cislearn.experiment.profile_scores import observed_counts, predicted_profiles, profile_scores
from cislearn.experiment.roles import Roles
from cislearn.runs import logit_names
from cislearn.schema import DataSpec, TaskSpec

PREDICTED: tuple[Literal["valid", "test"], ...] = ("valid", "test")
"""Parts whose rows are predicted."""


def predicted_rows(roles: Roles) -> Int[np.ndarray, " n"]:
    """Return the rows that `prediction_table` asks for, sorted."""
    return np.sort(np.concatenate([roles.rows(side, part) for side in roles.sides for part in PREDICTED]))


def prediction_table(roles: Roles, predict: Callable[[np.ndarray], Float[np.ndarray, "n t"]]) -> pd.DataFrame:
    """Labels and logits of all validation and test rows of the sources and the target.

    Parameters
    ----------
    roles : Roles
        Which rows those are.
    predict : callable
        From rows of the dataset to their logits.

    Returns
    -------
    DataFrame
        row, domain, part, and for each task ``label_<task>`` (NaN where absent) and the columns of `logit_names`.
    """
    spec, tables = roles.dataset.spec, []
    for side in roles.sides:
        for part in PREDICTED:
            rows = roles.rows(side, part)
            if len(rows) == 0:
                continue
            domain = roles.dataset.loci["domain"].to_numpy()[rows]
            columns: dict[str, Any] = {"row": rows, "domain": domain, "part": part}
            labels, logits = roles.dataset.labels_float(rows), predict(rows)
            for t, task in enumerate(spec.tasks):
                columns[f"label_{task.name}"] = labels[:, t]
                mine = logits[:, spec.columns(task.name)]
                if task.kind == "profile":
                    observed = observed_counts(roles.dataset, task, rows)
                    columns |= profile_scores(task, observed, predicted_profiles(task, mine))
                else:
                    columns |= dict(zip(logit_names(task), mine.T, strict=True))
            tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def choose_thresholds(predictions: pd.DataFrame, spec: DataSpec, seen: Int[np.ndarray, " m"]) -> dict[str, float]:
    """Threshold of calls for each binary task, on `seen`, the validation rows whose labels may be seen."""
    return {
        task.name: calling_threshold(*_validation(predictions, task, seen))
        for task in spec.tasks
        if task.kind == "binary"
    }


def choose_temperatures(predictions: pd.DataFrame, spec: DataSpec, seen: Int[np.ndarray, " m"]) -> dict[str, float]:
    """Temperature that calibrates each binary and multiclass task, on the rows that `choose_thresholds` sees.

    1 where those rows hold no label or one class only.
    """
    return {
        task.name: fit_temperature(*_validation(predictions, task, seen))
        for task in spec.tasks
        if task.kind in ("binary", "multiclass")
    }


def seen_prevalences(predictions: pd.DataFrame, spec: DataSpec, seen: Int[np.ndarray, " m"]) -> dict[str, float]:
    """Share of positives of each binary task that `choose_temperatures` calibrates for; NaN without labels."""
    labels = {task.name: _validation(predictions, task, seen)[0] for task in spec.tasks if task.kind == "binary"}
    return {name: float(each.mean()) if len(each) else float("nan") for name, each in labels.items()}


def _validation(
    predictions: pd.DataFrame, task: TaskSpec, seen: Int[np.ndarray, " m"]
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, "n ..."]]:
    """Labels and logits of the rows `seen` that have a label."""
    label = f"label_{task.name}"
    mine = predictions["row"].isin(seen) & predictions[label].notna()
    logits = predictions.loc[mine, logit_names(task)].to_numpy()
    return predictions.loc[mine, label].to_numpy(), logits if task.n_logits > 1 else logits[:, 0]
