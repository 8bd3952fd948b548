"""Learning from one's own earlier answers on windows without labels: pseudo-labels of a frozen teacher."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from cislearn.data.batch import Batch
from cislearn.objectives.class_probabilities import class_log_probabilities, refuse_without_classes
from cislearn.objectives.class_weights import ClassWeights
from cislearn.objectives.objective import Model, Objective, register
from cislearn.objectives.options import check_number, check_share, check_switch
from cislearn.objectives.signals import Signal
from cislearn.objectives.supervised import task_loss
from cislearn.schema import DataSpec

TAKEN = Signal(
    "pseudo_taken",
    "Windows with a pseudo-label",
    "Share of the windows without a label (the target's, where there is one) that the teacher is sure enough of.",
    "Steady once the teacher is frozen. Near 0, nothing is learned from them; near 1 under a strong shift, the"
    " teacher's mistakes are learned with the rest.",
)
LARGEST = Signal(
    "pseudo_largest_class",
    "Largest class of the pseudo-labels",
    "Share of the most frequent class among the pseudo-labels, the mean over tasks.",
    "About that of the labels. Near 1, the teacher calls all windows alike, and the student learns that.",
)
ONE_CLASS = 0.98
"""Share of one class among the pseudo-labels from which they say nothing."""


class Teacher(nn.Module):
    """A model as it stood when it was first asked to teach; never trained, always in evaluation mode.

    Its weights and whether it has any are part of the objective's state, so a resumed run has the same teacher.
    """

    is_set: Tensor

    def __init__(self, model: Model) -> None:
        super().__init__()
        assert isinstance(model, nn.Module)
        self.network = copy.deepcopy(model).eval().requires_grad_(False)
        self.register_buffer("is_set", torch.tensor(False))

    def train(self, mode: bool = True) -> Teacher:
        """Stay in evaluation mode: nothing is trained here."""
        return super().train(False)

    @torch.no_grad()
    def freeze(self, model: Model) -> None:
        """Take over the weights of `model`, once."""
        if not self.is_set:
            assert isinstance(model, nn.Module)
            self.network.load_state_dict(model.state_dict())
            self.is_set.fill_(True)

    @torch.no_grad()
    def forward(self, batch: Batch) -> Float[Tensor, "n columns"]:
        """Return the logits of windows."""
        network = self.network
        return network.classify(network.features(network.embed(batch.tokens, batch.tracks)))


def choose_certain(probabilities: Float[Tensor, "n c"], *, share: float, confidence: float) -> Bool[Tensor, " n"]:
    """Return which rows are certain enough to learn from.

    A row is taken if the probability of its most probable class is at least `confidence`, and if it is among the
    `share` of rows of that class with the greatest (one threshold a class: Zou et al. 2018).

    Parameters
    ----------
    probabilities : Tensor, shape (n, c)
        Of the classes of one task.
    share : float
        Of the rows of each predicted class, rounded up; 1 for all.
    confidence : float
        Least probability; 0 for any.
    """
    certainty, guess = probabilities.max(1)
    counts = torch.bincount(guess, minlength=probabilities.shape[1])
    order = torch.argsort(certainty, descending=True, stable=True)
    order = order[torch.argsort(guess[order], stable=True)]
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order), device=order.device) - (counts.cumsum(0) - counts)[guess[order]]
    # In whole numbers but for rounding: a tenth of ten rows is one row.
    most = torch.ceil(share * counts.double() - 1e-9)
    return (certainty >= confidence) & (rank < most[guess])


def pseudo_loss(
    log_probabilities: Float[Tensor, "n c"],
    answers: Float[Tensor, "n c"],
    taken: Bool[Tensor, " n"],
    *,
    balanced: bool,
) -> Float[Tensor, ""]:
    """Return the cross-entropy of predictions to a teacher's answers, over the rows taken; 0 where none is.

    Parameters
    ----------
    log_probabilities : Tensor, shape (n, c)
        Of the student.
    answers : Tensor, shape (n, c)
        Probabilities that each row is of each class; of zeros and ones for hard labels.
    taken : Tensor, shape (n,)
        Rows that count.
    balanced : bool
        Give each class that the teacher names the same weight in all, however many rows it has.
    """
    each = -(answers * log_probabilities).sum(1)
    weights = taken.to(each.dtype)
    if balanced:
        named = answers.argmax(1)
        counts = torch.bincount(named, weights=weights, minlength=answers.shape[1])
        weights = weights / counts.clamp_min(1.0)[named].to(each.dtype)
    return (each * weights).sum() / weights.sum().clamp_min(torch.finfo(each.dtype).tiny)


@register("self_training")
class SelfTraining(Objective):
    """Supervised loss, and from some point on the loss to what the network said at that point of the others.

    At share `start` of the training the network is frozen as the teacher. From then on
    ``task loss + weight x cross-entropy(student, teacher's class)`` over those windows without a label (the target's
    or, without a target, the sources' own) whose class the teacher is sure of, each class counting alike
    (pseudo-labels: Lee 2013; balanced over classes: Zou et al. 2018). It assumes that the teacher is right where it is
    sure; under a shift it often is not, and then this hurts.

    Parameters
    ----------
    weight : float
        Of the loss to the pseudo-labels.
    start : float
        Share of the training at which the teacher is frozen.
    share : float
        Of the unlabelled windows of a batch that the teacher gives a class, this share, the surest, is taken.
    confidence : float
        Probability of its class that the teacher must give a window at least.
    balanced : bool
        Whether each class counts alike, however often the teacher gives it.
    class_weights : mapping of str to list of float, optional
        As for `Supervised`; for the labels, not for the pseudo-labels.
    """

    draws = {"source": 1.0, "unlabelled": 1.0}  # noqa: RUF012
    signals = (TAKEN, LARGEST)
    title = "self_training"
    soft = False
    """Whether the student learns the teacher's probabilities, not only its classes."""

    def __init__(
        self,
        *,
        weight: float = 1.0,
        start: float = 0.5,
        share: float = 0.5,
        confidence: float = 0.0,
        balanced: bool = True,
        class_weights: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        super().__init__()
        self.weight, self.start = check_number("weight", weight), check_share("start", start)
        self.share, self.confidence = check_number("share", share, 0.0, 1.0), check_share("confidence", confidence)
        self.balanced, self.given_weights = check_switch("balanced", balanced), class_weights
        self._health: dict[str, Tensor | float] = {}

    def setup(self, model: Model, spec: DataSpec) -> None:
        """Make room for the teacher.

        Raises
        ------
        UserError
            For regression and profile tasks.
        """
        refuse_without_classes(spec, self.title, "of whose value nobody is more or less sure")
        self.spec = spec
        self.class_weights = ClassWeights(self.given_weights, spec)
        self.teacher = Teacher(model)

    def losses(self, model: Model, batch: Batch, progress: float) -> dict[str, Tensor]:
        """Return task loss and loss to the pseudo-labels; see `Objective.losses`."""
        is_taught = progress >= self.start
        logits = self.student(model, batch, is_taught=is_taught)
        seen, rest = batch.labelled, batch.unlabelled
        pseudo, self._health = logits.sum() * 0.0, {}
        if is_taught and len(logits[rest]):
            self.teacher.freeze(model)
            pseudo = self._pseudo(logits[rest], self.teacher(self.lesson(batch).windows(rest)))
        return {
            "task": task_loss(logits[seen], batch.labels[seen], self.spec, self.class_weights),
            "pseudo": self.weight * pseudo,
        }

    def student(self, model: Model, batch: Batch, *, is_taught: bool) -> Float[Tensor, "n columns"]:
        """Return the logits of what is trained."""
        return model.classify(model.features(model.embed(batch.tokens, batch.tracks)))

    def lesson(self, batch: Batch) -> Batch:
        """Return the windows as the teacher reads them."""
        return batch

    def _pseudo(self, logits: Float[Tensor, "n columns"], taught: Float[Tensor, "n columns"]) -> Float[Tensor, ""]:
        """Return the mean over tasks of the loss to the teacher's answers, and note how they are."""
        losses, shares, largest = [], [], []
        students, teachers = (class_log_probabilities(each, self.spec) for each in (logits, taught))
        for student, teacher in zip(students, teachers, strict=True):
            probabilities = teacher.exp()
            taken = choose_certain(probabilities, share=self.share, confidence=self.confidence)
            hard = torch.zeros_like(probabilities).scatter_(1, probabilities.argmax(1, keepdim=True), 1.0)
            answers = probabilities if self.soft else hard
            losses.append(pseudo_loss(student, answers, taken, balanced=self.balanced))
            shares.append(taken.float().mean())
            largest.append(hard[taken].sum(0).max() / taken.sum().clamp_min(1))
        self._health = {TAKEN.name: torch.stack(shares).mean(), LARGEST.name: torch.stack(largest).mean()}
        return torch.stack(losses).mean()

    def health(self) -> dict[str, Tensor | float]:
        """Return how many pseudo-labels there were in the last step and how one-sided; nothing without a teacher."""
        return self._health

    def concerns(self, history: Sequence[Mapping[str, float]]) -> list[str]:
        """Say where the pseudo-labels were of one class, or none."""
        last = history[-1]
        if TAKEN.name not in last:
            return []
        if last[TAKEN.name] == 0:
            return ["no window had a pseudo-label: the teacher was never sure; take a lower confidence"]
        if last[LARGEST.name] > ONE_CLASS:
            return [
                f"{last[LARGEST.name]:.0%} of the pseudo-labels are of one class: the student learned from them"
                " only that; take another method"
            ]
        return []
