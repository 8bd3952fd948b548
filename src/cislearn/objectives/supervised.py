"""Learning from labels: binary, multiclass, regression and profile tasks, absent labels never read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from cislearn.data.batch import Batch
from cislearn.objectives.class_weights import ClassWeights
from cislearn.objectives.objective import Model, Objective, register
from cislearn.objectives.options import check_number
from cislearn.objectives.profile_loss import AUTO, profile_loss
from cislearn.schema import DataSpec, TaskSpec


def task_loss(
    logits: Float[Tensor, "n columns"],
    labels: Float[Tensor, "n tasks"],
    spec: DataSpec,
    class_weights: ClassWeights | None = None,
    *,
    profiles: Float[Tensor, "n s length"] | None = None,
    counts_weight: float | str = AUTO,
) -> Float[Tensor, ""]:
    """Mean over tasks of the mean loss over the examples whose label is there.

    Binary cross-entropy, softmax cross-entropy, squared error and `profile_loss` for the kinds of task. A task without
    a single label in the batch adds nothing; without any label at all the loss is zero and so are its gradients.

    Parameters
    ----------
    logits : Tensor, shape (n, columns)
        One column a binary or regression task, one a class for multiclass ones.
    labels : Tensor, shape (n, tasks)
        NaN where absent.
    spec : DataSpec
        Tasks, in the order of the label columns.
    class_weights : ClassWeights, optional
        Makes the mean over the examples of a task a weighted one.
    profiles : Tensor, shape (n, s, length), optional
        Counts of the same examples, of all profile tasks: `Batch.labelled_profiles`.
    counts_weight : float or "auto"
        Of the error of log counts, in profile tasks.
    """
    if len(spec.tasks) > 1 and all(task.kind == "binary" for task in spec.tasks):
        return _binary_losses(logits, labels, class_weights)
    losses = []
    for t, task in enumerate(spec.tasks):
        seen = ~labels[:, t].isnan()
        n_seen = int(seen.count_nonzero())
        if n_seen:
            rows = slice(None) if n_seen == len(seen) else seen  # a mask costs a copy, and another on the way back
            mine = logits[rows, spec.columns(task.name)]
            if task.kind == "profile":
                if profiles is None:
                    raise ValueError(f"{task.name} is a profile: its loss reads batch.labelled_profiles")
                counts = profiles[rows, spec.profile_channels(task.name)]
                losses.append(profile_loss(mine, counts, task, counts_weight))
            else:
                weights = None if class_weights is None else class_weights(t)
                losses.append(_loss(task, mine, labels[rows, t], weights))
    return torch.stack(losses).mean() if losses else logits.sum() * 0.0


def _binary_losses(logits: Tensor, labels: Tensor, class_weights: ClassWeights | None) -> Tensor:
    """Mean loss of many binary tasks, all at once: one by one, hundreds of them take longer than the network does."""
    seen = ~labels.isnan()
    answers, logits = labels.nan_to_num(0.0), logits.masked_fill(~seen, 0.0)
    weights = seen.to(torch.promote_types(logits.dtype, torch.float32))  # bfloat16 has too few digits for their sum
    for t in range(labels.shape[1]):
        of_classes = None if class_weights is None else class_weights(t)
        if of_classes is not None:
            weights[:, t] *= of_classes[answers[:, t].long()]
    each = F.binary_cross_entropy_with_logits(logits, answers, reduction="none")
    means = (each * weights).sum(0) / weights.sum(0).clamp_min(torch.finfo(weights.dtype).tiny)
    return means.sum() / seen.any(0).sum().clamp_min(1)


def _loss(task: TaskSpec, logits: Tensor, labels: Tensor, weights: Tensor | None) -> Tensor:
    if task.kind == "multiclass":
        return F.cross_entropy(logits, labels.long(), weight=weights)
    if task.kind == "regression":
        return F.mse_loss(logits[:, 0], labels)
    if weights is None:
        return F.binary_cross_entropy_with_logits(logits[:, 0], labels)
    weight = weights[labels.long()]
    return F.binary_cross_entropy_with_logits(logits[:, 0], labels, weight, reduction="sum") / weight.sum()


@register("supervised")
class Supervised(Objective):
    """The labelled rows alone.

    Parameters
    ----------
    class_weights : mapping of str to list of float, optional
        Task to the weight of each of its classes: ``{bound: [1, 4]}`` weighs positives fourfold.
    counts_weight : float or "auto"
        Of profile tasks: what the error of the log counts counts beside the loss of the shape. ``auto``: half the mean
        number of counts, as in BPNet.
    """

    def __init__(
        self, *, class_weights: Mapping[str, Sequence[float]] | None = None, counts_weight: float | str = AUTO
    ) -> None:
        super().__init__()
        is_auto = isinstance(counts_weight, str) and counts_weight == AUTO
        self.counts_weight = counts_weight if is_auto else check_number("counts_weight", counts_weight)
        self.given_weights = class_weights

    def setup(self, model: Model, spec: DataSpec) -> None:
        """Keep the tasks and the weights of their classes."""
        self.spec = spec
        self.class_weights = ClassWeights(self.given_weights, spec)

    def losses(self, model: Model, batch: Batch, progress: float) -> dict[str, Tensor]:
        """Return the task loss; see `Objective.losses`."""
        logits = model.classify(model.features(model.embed(batch.tokens, batch.tracks)))
        seen = batch.labelled
        loss = task_loss(
            logits[seen],
            batch.labels[seen],
            self.spec,
            self.class_weights,
            profiles=batch.labelled_profiles,
            counts_weight=self.counts_weight,
        )
        return {"task": loss}
