"""Logits as probabilities of classes, a binary task having two: what CDAN and self-training work on."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from cislearn.errors import UserError
from cislearn.schema import DataSpec


def class_log_probabilities(logits: Float[Tensor, "n columns"], spec: DataSpec) -> list[Float[Tensor, "n _"]]:
    """Return for each task the natural logarithms of the probabilities of its classes.

    Parameters
    ----------
    logits : Tensor, shape (n, columns)
        As a model gives them.
    spec : DataSpec
        Tasks with classes: binary (negative, positive) or multiclass.
    """
    found = []
    for task in spec.tasks:
        of_task = logits[:, spec.columns(task.name)].float()
        two = torch.cat([F.logsigmoid(-of_task), F.logsigmoid(of_task)], dim=1)
        found.append(two if task.kind == "binary" else F.log_softmax(of_task, dim=1))
    return found


def refuse_regression(spec: DataSpec, method: str, reason: str) -> None:
    """Refuse tasks without classes.

    Raises
    ------
    UserError
        Names the first such task and the reason.
    """
    for task in spec.tasks:
        if task.kind not in ("binary", "multiclass"):
            raise UserError(
                f"method {method} needs tasks with classes; {task.name} is a {task.kind} task, {reason}",
                where="methods",
                fix="Take moments, mmd or adversarial, which ask nothing of the task.",
            )
