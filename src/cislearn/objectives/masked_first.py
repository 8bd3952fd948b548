"""Hidden bases first, labels then: the encoder learns from windows alone before the head is trained with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from cislearn.data.batch import Batch
from cislearn.objectives.class_weights import ClassWeights
from cislearn.objectives.masked import FOUND, Masked
from cislearn.objectives.objective import Model, register
from cislearn.objectives.options import check_share
from cislearn.objectives.supervised import task_loss
from cislearn.schema import DataSpec


@register("masked_first")
class MaskedFirst(Masked):
    """As `masked` until `start`, as `supervised` from there: both in one training, of the length of any other.

    Beside `supervised` with as many steps, what is bought is paid for in steps with labels. In the first stretch no
    label is read, and no validation chooses weights or tries patience: the head is untrained.

    Parameters
    ----------
    start : float
        Share of the training at which the labels take over.
    hidden : float
        Share of the bases that are hidden, drawn anew in each step.
    width : int
        Filters of the head that names the bases.
    unlabelled : float
        Rows without a label for each labelled one, in the first stretch.
    class_weights : mapping of str to list of float, optional
        As for `Supervised`.
    """

    learns_task = True

    def __init__(
        self,
        *,
        start: float = 0.5,
        hidden: float = 0.15,
        width: int = 64,
        unlabelled: float = 1.0,
        class_weights: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        super().__init__(hidden=hidden, width=width, unlabelled=unlabelled)
        self.task_begins = check_share("start", start)
        if not 0.0 < self.task_begins < 1.0:
            raise ValueError(f"start {start!r}: expected a share between 0 and 1, both left out")
        self.given_weights = class_weights

    def setup(self, model: Model, spec: DataSpec) -> None:
        """Make the head on the bases, and keep the tasks; see `Masked.setup`."""
        super().setup(model, spec)
        self.spec, self.class_weights = spec, ClassWeights(self.given_weights, spec)

    def losses(self, model: Model, batch: Batch, progress: float) -> dict[str, Tensor]:
        """Return the loss of the hidden bases, or from `start` on that of the labels; see `Objective.losses`."""
        if progress < self.task_begins:
            return super().losses(model, batch, progress)
        self._health = {}
        seen = batch.labelled
        windows = batch.windows(seen)
        logits = model.classify(model.features(model.embed(windows.tokens, windows.tracks)))
        return {"task": task_loss(logits, batch.labels[seen], self.spec, self.class_weights)}

    def concerns(self, history: Sequence[Mapping[str, float]]) -> list[str]:
        """Say where no more is found than by naming the commonest base, when the labels took over."""
        first = [row for row in history if FOUND.name in row]
        return super().concerns(first) if first else []
