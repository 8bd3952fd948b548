"""What the label columns are: binary, multiclass or regression tasks, and whether they can be learned from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from jaxtyping import Float

from cislearn.errors import UserError, nearest
from cislearn.schema import TaskKind, TaskSpec

KINDS: tuple[TaskKind, ...] = ("binary", "multiclass", "regression")
"""What a label column can be; only 0 and 1 is binary, other numbers regression, and multiclass only if that is said."""


def task_specs(labels: pd.DataFrame, kinds: Mapping[str, str] | None = None) -> tuple[TaskSpec, ...]:
    """Task of each label column.

    Parameters
    ----------
    labels : DataFrame
        A float column a task, NaN where absent.
    kinds : mapping of str to str, optional
        The kind (``KINDS``) of columns for which it is said.

    Raises
    ------
    UserError
        Where a kind does not suit the values, a column has one value only, or a name is that of another task's class.
    """
    kinds = dict(kinds or {})
    for column, kind in kinds.items():
        if column not in labels:
            raise UserError(f"there is no label column {column!r}{nearest(column, map(str, labels.columns))}")
        if kind not in KINDS:
            raise UserError(f"kind {kind!r} of {column!r} is not known{nearest(kind, KINDS)}")
    tasks = tuple(_task(str(name), labels[name].to_numpy(), kinds.get(str(name))) for name in labels.columns)
    names = {task.name for task in tasks}
    for task in tasks:
        for clash in names & {f"{task.name}_{c}" for c in range(task.channels) if task.kind == "multiclass"}:
            raise UserError(f"task {clash!r} is named as class {clash.removeprefix(task.name + '_')} of {task.name!r}")
    return tasks


def _task(name: str, values: Float[np.ndarray, " n"], kind: str | None) -> TaskSpec:
    if not name.strip():
        raise UserError("a task has no name", fix="Name it with --task.")
    present = np.unique(values[~np.isnan(values)])
    if kind is None:
        kind = "binary" if np.isin(present, (0, 1)).all() else "regression"
    if kind == "binary":
        _check_binary(name, values, present)
        return TaskSpec(name)
    if len(present) < 2:
        raise UserError(f"task {name!r} has one value only: nothing can be learned", fix="Leave the column out.")
    if kind == "regression":
        return TaskSpec(name, "regression")
    if (present != np.round(present)).any() or present[0] < 0:
        raise UserError(f"task {name!r} is given as multiclass; its labels are not whole numbers from 0")
    return TaskSpec(name, "multiclass", channels=int(present[-1]) + 1)


def _check_binary(name: str, values: Float[np.ndarray, " n"], present: Float[np.ndarray, " k"]) -> None:
    strange = present[~np.isin(present, (0, 1))]
    if len(strange):
        raise UserError(f"task {name!r} is given as binary and has label {strange[0]:g}; 0 or 1 was expected")
    n_positive, n_negative = int((values == 1).sum()), int((values == 0).sum())
    if not n_negative:
        raise UserError(
            f"task {name!r} has {n_positive:,} positives and no negatives",
            fix="Give --negatives: regions or sequences where the answer is no.",
        )
    if not n_positive:
        raise UserError(f"task {name!r} has {n_negative:,} negatives and no positives", fix="Give --positives.")
