"""How far a network's two strands disagree: the reading of one strand against that of its reverse complement."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from cislearn.evaluation.strands import strand_disagreement
from cislearn.experiment.roles import Roles
from cislearn.experiment.score import PART_NAMES

STRANDS = "strands.tsv"


def strand_table(
    roles: Roles,
    rows: Int[np.ndarray, " m"],
    logits: Float[np.ndarray, "m 2 t"],
    thresholds: Mapping[str, float],
) -> pd.DataFrame:
    """Disagreement of the two strands on the test rows, by task and side.

    It is that of the network itself, also where it is conjoined or predictions join both strands: then it says how much
    there is to even out, not what is left.

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
        task, part, n, and the fields of `Disagreement`, whose probabilities are those of the logits as they are; of a
        profile they are of its log counts.
    """
    spec, table = roles.dataset.spec, []
    for side in roles.sides:
        mine = logits[np.searchsorted(rows, roles.rows(side, "test"))]
        if len(mine) == 0:
            continue
        for task in spec.tasks:
            pairs, threshold = mine[:, :, spec.columns(task.name)], thresholds.get(task.name, np.nan)
            pairs = pairs[:, :, task.n_shape :]  # of a profile its counts alone
            about = {"task": task.name, "part": PART_NAMES[side], "n": len(mine)}
            table.append(about | strand_disagreement(pairs, task.kind, threshold)._asdict())
    return pd.DataFrame(table)
