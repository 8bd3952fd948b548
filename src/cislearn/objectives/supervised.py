"""Learning from labels: binary, multiclass and regression tasks, absent labels never read."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from cislearn.data.batch import Batch
from cislearn.errors import UserError
from cislearn.objectives.objective import Model, Objective, register
from cislearn.schema import DataSpec, TaskSpec


def task_loss(
    logits: Float[Tensor, "n columns"],
    labels: Float[Tensor, "n tasks"],
    spec: DataSpec,
    positive_weight: Float[Tensor, " tasks"] | None = None,
) -> Float[Tensor, ""]:
    """Mean over tasks of the mean loss over the examples whose label is there.

    Binary cross-entropy, softmax cross-entropy and squared error for the three kinds of task. A task without a single
    label in the batch adds nothing; without any label at all the loss is zero and so are its gradients.

    Parameters
    ----------
    logits : Tensor, shape (n, columns)
        One column a binary or regression task, one a class for multiclass ones.
    labels : Tensor, shape (n, tasks)
        NaN where absent.
    spec : DataSpec
        Tasks, in the order of the label columns.
    positive_weight : Tensor, shape (tasks,), optional
        Weight of the positives of each binary task.
    """
    losses = []
    for t, task in enumerate(spec.tasks):
        seen = ~labels[:, t].isnan()
        if seen.any():
            weight = None if positive_weight is None else positive_weight[t]
            losses.append(_loss(task, logits[seen, spec.columns(task.name)], labels[seen, t], weight))
    return torch.stack(losses).mean() if losses else logits.sum() * 0.0


def _loss(task: TaskSpec, logits: Tensor, labels: Tensor, positive_weight: Tensor | None) -> Tensor:
    if task.kind == "multiclass":
        return F.cross_entropy(logits, labels.long())
    if task.kind == "regression":
        return F.mse_loss(logits[:, 0], labels)
    return F.binary_cross_entropy_with_logits(logits[:, 0], labels, pos_weight=positive_weight)


@register("supervised")
class Supervised(Objective):
    """The labelled rows alone.

    Parameters
    ----------
    positive_weight : float or list of float, optional
        Weight of the positives of the binary tasks, one for all or one a task; None weighs all examples alike.
    """

    def __init__(self, *, positive_weight: float | list[float] | None = None) -> None:
        super().__init__()
        self.positive_weight = positive_weight

    weights: Tensor | None

    def setup(self, model: Model, spec: DataSpec) -> None:
        """Keep the tasks and spread the weights over them."""
        self.spec = spec
        self.register_buffer("weights", spread_weights(self.positive_weight, spec), persistent=False)

    def losses(self, model: Model, batch: Batch, progress: float) -> dict[str, Tensor]:
        """Return the task loss; see `Objective.losses`."""
        logits = model.classify(model.features(model.embed(batch.tokens)))
        source = batch.parts["source"]
        return {"task": task_loss(logits[source], batch.labels[source], self.spec, self.weights)}


def spread_weights(positive_weight: float | list[float] | None, spec: DataSpec) -> Tensor | None:
    """Return one weight of the positives a task, or None.

    Raises
    ------
    UserError
        Where their number is not that of the tasks, or one is not positive.
    """
    if positive_weight is None:
        return None
    weights = [positive_weight] * len(spec.tasks) if isinstance(positive_weight, int | float) else positive_weight
    if len(weights) != len(spec.tasks) or min(weights) <= 0:
        raise UserError(f"positive_weight {positive_weight} does not give each of {len(spec.tasks)} tasks a weight > 0")
    return torch.tensor(weights, dtype=torch.float32)
