"""The same answer to two looks at a window: a student agrees with the moving average of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from cislearn.data.batch import Batch
from cislearn.errors import UserError
from cislearn.models.averaging import WeightAverage
from cislearn.objectives.class_probabilities import class_log_probabilities
from cislearn.objectives.class_weights import ClassWeights
from cislearn.objectives.objective import Model, Objective, register
from cislearn.objectives.options import check_number, check_share, unlabelled_draws
from cislearn.objectives.schedules import schedule as schedule_of
from cislearn.objectives.signals import Signal
from cislearn.objectives.supervised import task_loss
from cislearn.schema import DataSpec

DISAGREEMENT = Signal(
    "disagreement",
    "Disagreement with the teacher",
    "Mean absolute difference between what student and teacher say of a window, each looking at it in its own way.",
    "It rises while the task is learned and falls as the weight of the consistency grows.",
)
SPREAD_OF_ANSWERS = Signal(
    "answer_spread",
    "Spread of the answers",
    "Standard deviation of the teacher's probabilities (or values) over the windows of a batch, the mean over tasks.",
    "It rises as the task is learned. If it nears 0, the teacher says the same of all windows, and to agree is easy.",
)
COLLAPSED = 0.01
"""Share of its greatest spread below which the teacher's answers say nothing."""


def answers(logits: Float[Tensor, "n columns"], spec: DataSpec) -> list[Float[Tensor, "n _"]]:
    """Return for each task what a model says, on the scale of its labels: probabilities of the classes, or the value.

    Parameters
    ----------
    logits : Tensor, shape (n, columns)
        As a model gives them.
    spec : DataSpec
        The tasks.
    """
    classes = class_log_probabilities(logits, spec)
    return [
        logits[:, spec.columns(task.name)].float() if task.kind == "regression" else of_task.exp()
        for task, of_task in zip(spec.tasks, classes, strict=True)
    ]


@register("mean_teacher")
class MeanTeacher(Objective):
    """Supervised loss, and the squared difference between two looks at a window, of the student and of its average.

    ``task loss + weight x schedule(p) x mean over tasks of (student(view 1) - teacher(view 2))^2``, of probabilities
    (of a regression task, of values), over all rows of a batch (Tarvainen and Valpola 2017). Each view has its own
    shift, strand and hidden bases, as training asks for them. The teacher is the moving average of the student's
    weights and of the running statistics of its batch norms, by which it normalises: it is in evaluation mode.
    The student normalises by the batch, labelled and unlabelled rows together. It assumes that what the views change
    leaves the answer as it is.

    Parameters
    ----------
    weight : float
        Of the consistency.
    schedule : str or mapping
        How that weight grows over the training.
    decay : float
        Share of the teacher that each step keeps.
    unlabelled : float
        Rows without a label for each labelled one.
    class_weights : mapping of str to list of float, optional
        As for `Supervised`.
    """

    draws = {"source": 1.0, "unlabelled": 1.0}  # noqa: RUF012
    second_view = "train"
    signals = (DISAGREEMENT, SPREAD_OF_ANSWERS)

    def __init__(
        self,
        *,
        weight: float = 10.0,
        schedule: str | Mapping[str, Any] = "ramp",
        decay: float = 0.99,
        unlabelled: float = 1.0,
        class_weights: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        super().__init__()
        self.weight, self.schedule = check_number("weight", weight), schedule_of(schedule)
        self.decay, self.draws = check_share("decay", decay), unlabelled_draws(unlabelled)
        self.given_weights = class_weights
        self._health: dict[str, Tensor | float] = {}

    def setup(self, model: Model, spec: DataSpec) -> None:
        """Make the teacher: it begins as the student does.

        Raises
        ------
        UserError
            For profiles.
        """
        for task in spec.tasks:
            if task.kind == "profile":
                raise UserError(
                    f"method mean_teacher compares two views of a window that are moved apart; the positions of the"
                    f" profile {task.name} would not lie upon each other",
                    where="methods",
                )
        self.spec = spec
        self.class_weights = ClassWeights(self.given_weights, spec)
        assert isinstance(model, nn.Module)
        self.average = WeightAverage(model, self.decay)

    def losses(self, model: Model, batch: Batch, progress: float) -> dict[str, Tensor]:
        """Return task loss and consistency; see `Objective.losses`."""
        assert batch.second is not None
        self._step = batch.step
        logits, seen = model.classify(model.features(model.embed(batch.tokens, batch.tracks))), batch.labelled
        said, taught = answers(logits, self.spec), self._taught(batch.second)
        apart = [one - other for one, other in zip(said, taught, strict=True)]
        consistency = torch.stack([each.square().mean() for each in apart]).mean()
        self._health = {
            DISAGREEMENT.name: torch.stack([each.detach().abs().mean() for each in apart]).mean(),
            SPREAD_OF_ANSWERS.name: torch.stack([each.std(0, correction=0).mean() for each in taught]).mean(),
        }
        return {
            "task": task_loss(logits[seen], batch.labels[seen], self.spec, self.class_weights),
            "consistency": self.weight * self.schedule(progress) * consistency,
        }

    @torch.no_grad()
    def _taught(self, batch: Batch) -> list[Float[Tensor, "n _"]]:
        teacher: Model = self.average.network  # type: ignore[assignment]
        return answers(teacher.classify(teacher.features(teacher.embed(batch.tokens, batch.tracks))), self.spec)

    def after_step(self, model: Model) -> None:
        """Let the teacher follow; how fast depends on the step alone."""
        assert isinstance(model, nn.Module)
        self.average.follow(model, self._step + 1)

    def health(self) -> dict[str, Tensor | float]:
        """Return how far student and teacher were apart in the last step, and the teacher's answers from each other."""
        return self._health

    def concerns(self, history: Sequence[Mapping[str, float]]) -> list[str]:
        """Say where the teacher says the same of all windows."""
        spreads = [row[SPREAD_OF_ANSWERS.name] for row in history if SPREAD_OF_ANSWERS.name in row]
        if spreads and spreads[-1] < COLLAPSED * max(spreads):
            return [
                f"the teacher says the same of all windows (spread {spreads[-1]:.3g}, once {max(spreads):.3g}): student"
                " and teacher agree and have unlearned the task; take a smaller weight or a longer ramp"
            ]
        return []
