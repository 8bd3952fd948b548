"""Weights of classes, for tasks whose classes are unequal in number or in importance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from cislearn.errors import UserError, nearest
from cislearn.schema import DataSpec


class ClassWeights(nn.Module):
    """The weight of each class of some tasks; it moves between devices with the objective that holds it.

    Parameters
    ----------
    given : mapping of str to list of float, optional
        Task to its weights: negative and positive for a binary task, one a class for a multiclass one.
    spec : DataSpec
        The tasks.

    Raises
    ------
    UserError
        Where a task is unknown or has no classes, or the weights are not one positive number a class.
    """

    def __init__(self, given: Mapping[str, Sequence[float]] | None, spec: DataSpec) -> None:
        super().__init__()
        tasks = {task.name: task for task in spec.tasks}
        for name, weights in (given or {}).items():
            if name not in tasks:
                raise UserError(f"class_weights names task {name!r}{nearest(name, tasks)}")
            task = tasks[name]
            n_classes = {"binary": 2, "multiclass": task.channels}.get(task.kind, 0)
            if len(weights) != n_classes or min(weights, default=0.0) <= 0:
                raise UserError(
                    f"class_weights of {name!r} are {list(weights)}; a {task.kind} task takes"
                    f" {f'{n_classes} numbers above 0' if n_classes else 'none'}"
                )
            index = spec.tasks.index(task)
            self.register_buffer(f"task_{index}", torch.tensor(weights, dtype=torch.float32), persistent=False)

    def forward(self, task: int) -> Tensor | None:
        """Return the weights of the classes of task number `task`, or None where all weigh alike."""
        return getattr(self, f"task_{task}", None)
