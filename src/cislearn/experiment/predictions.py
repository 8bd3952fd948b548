"""The table of predictions that every run holds, and the thresholds chosen on it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from cislearn.evaluation.metrics import best_threshold
from cislearn.experiment.roles import Roles
from cislearn.runs import logit_names
from cislearn.schema import DataSpec


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
        for part in ("valid", "test"):
            rows = roles.rows(side, part)
            if len(rows) == 0:
                continue
            domain = roles.dataset.loci["domain"].to_numpy()[rows]
            columns: dict[str, Any] = {"row": rows, "domain": domain, "part": part}
            labels, logits = roles.dataset.labels_float(rows), predict(rows)
            for t, task in enumerate(spec.tasks):
                columns[f"label_{task.name}"] = labels[:, t]
                columns |= dict(zip(logit_names(task), logits[:, spec.columns(task.name)].T, strict=True))
            tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def choose_thresholds(predictions: pd.DataFrame, spec: DataSpec, domains: Collection[str]) -> dict[str, float]:
    """Logit of greatest F1 for each binary task, on the validation rows of `domains`, whose labels may be seen."""
    valid = predictions[(predictions["part"] == "valid") & predictions["domain"].isin(domains)]
    thresholds = {}
    for task in spec.tasks:
        if task.kind == "binary":
            seen = valid[valid[f"label_{task.name}"].notna()]
            labels, logits = seen[f"label_{task.name}"].to_numpy(), seen[f"logit_{task.name}"].to_numpy()
            thresholds[task.name] = best_threshold(labels, logits)
    return thresholds
