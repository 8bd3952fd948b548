"""From the logits of several models to the columns of a table of predictions."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float

from cislearn.evaluation.calibration import probabilities
from cislearn.schema import TaskSpec


def task_columns(
    task: TaskSpec,
    logits: Float[np.ndarray, "n members c"],
    gaps: Float[np.ndarray, "n c"] | None,
    temperatures: Float[np.ndarray, " members"],
    threshold: float = float("nan"),
) -> pd.DataFrame:
    """Return the columns of one task.

    Parameters
    ----------
    task : TaskSpec
        Which.
    logits : ndarray, shape (n, members, c)
        Logits (regression: values) of its `c` columns by each model; NaN for rows without a score.
    gaps : ndarray, shape (n, c), optional
        Mean over the models of the logits on the strand given minus those on the other.
    temperatures : ndarray, shape (members,)
        That calibrate each model. A probability is the mean over the models of each one's calibrated probability:
        where they disagree it stays nearer to one half than any of them.
    threshold : float
        Mean logit at or above which a row of a binary task is called positive; NaN where none was chosen.

    Returns
    -------
    DataFrame
        Profile: counts, all that are expected on both strands, and counts of each strand; its shape is not of a table.
        Binary: probability, logit and, with a threshold, call (1 or 0, absent for rows without a score); multiclass: a
        probability each class; regression: value. With several models the standard deviation over them, of the
        probability or the value, as sd. With `gaps` their size, the mean over classes, as strands.
    """
    columns: dict[str, np.ndarray | pd.Series] = {}
    if task.kind == "regression":
        each = logits[:, :, 0]
        columns[f"value_{task.name}"] = each.mean(axis=1)
    elif task.kind == "profile":
        log_counts = logits[:, :, task.n_shape :]
        strands = np.maximum(np.expm1(log_counts.mean(axis=1)), 0)
        columns[f"counts_{task.name}"] = strands.sum(axis=1)
        if task.channels > 1:
            columns |= {f"counts_{task.name}_{s}": strands[:, s] for s in range(task.channels)}
        each = np.maximum(np.expm1(log_counts), 0).sum(axis=2)
        gaps = None if gaps is None else gaps[:, task.n_shape :]
    elif task.kind == "multiclass":
        shares = np.mean([probabilities(logits[:, m], t) for m, t in enumerate(temperatures)], axis=0)
        columns |= {f"probability_{task.name}_{c}": shares[:, c] for c in range(task.channels)}
    else:
        each = np.column_stack([probabilities(logits[:, m, 0], t) for m, t in enumerate(temperatures)])
        columns[f"probability_{task.name}"] = each.mean(axis=1)
        mean = logits[:, :, 0].mean(axis=1)
        columns[f"logit_{task.name}"] = mean
        if not np.isnan(threshold):
            columns[f"call_{task.name}"] = pd.Series(mean >= threshold).astype("Int8").mask(np.isnan(mean))
    if logits.shape[1] > 1 and task.kind != "multiclass":
        columns[f"sd_{task.name}"] = each.std(axis=1, ddof=1)
    if gaps is not None:
        columns[f"strands_{task.name}"] = np.abs(gaps).mean(axis=1)
    return pd.DataFrame(columns)
