"""How far a network's two strands disagree: the reading of one strand against that of its reverse complement."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from cislearn.experiment.roles import Roles
from cislearn.experiment.score import PART_NAMES
from cislearn.schema import TaskSpec

STRANDS = "strands.tsv"


def strand_table(
    roles: Roles,
    rows: Int[np.ndarray, " m"],
    logits: Float[np.ndarray, "m 2 t"],
    thresholds: Mapping[str, float],
) -> pd.DataFrame:
    """Disagreement of the two strands on the test rows, by task and side.

    It is that of the network itself, also where predictions are the mean over both strands: then it says how much the
    mean has to even out, not what is left.

    Parameters
    ----------
    roles : Roles
        Which the test rows are.
    rows : ndarray, shape (m,)
        Rows of the dataset, in order, among them all test rows.
    logits : ndarray, shape (m, 2, t)
        Of those rows, on the strand as stored and on the other.
    thresholds : mapping of str to float
        Of the run, by binary task.

    Returns
    -------
    DataFrame
        task, part, n, disagreement (mean absolute difference of the logits, or of the values, over rows and
        classes; of a profile of its log counts) and flipped (share of the rows whose call differs; NaN where nothing is
        called).
    """
    spec, table = roles.dataset.spec, []
    for side in roles.sides:
        mine = logits[np.searchsorted(rows, roles.rows(side, "test"))].astype(np.float64)
        if len(mine) == 0:
            continue
        for task in spec.tasks:
            pair = mine[:, :, spec.columns(task.name)][:, :, task.n_shape :]  # of a profile its counts alone
            about = {"task": task.name, "part": PART_NAMES[side], "n": len(mine)}
            apart = float(np.abs(pair[:, 0] - pair[:, 1]).mean())
            flipped = _flipped(task, pair, thresholds.get(task.name, np.nan))
            table.append(about | {"disagreement": apart, "flipped": flipped})
    return pd.DataFrame(table)


def _flipped(task: TaskSpec, pair: Float[np.ndarray, "m 2 c"], threshold: float) -> float:
    """Share of the rows that are called otherwise on the other strand."""
    if task.kind == "multiclass":
        calls = pair.argmax(axis=2)
    elif task.kind == "binary" and not np.isnan(threshold):
        calls = pair[:, :, 0] >= threshold
    else:
        return float("nan")
    return float((calls[:, 0] != calls[:, 1]).mean())
