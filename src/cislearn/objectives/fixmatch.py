"""What a network is sure of at an easy look at a window, it learns to say at a hard one: FixMatch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from cislearn.data.batch import Batch
from cislearn.errors import UserError, nearest
from cislearn.objectives.class_probabilities import class_log_probabilities, refuse_without_classes
from cislearn.objectives.class_weights import ClassWeights
from cislearn.objectives.hiding import hide_bases
from cislearn.objectives.objective import Model, Objective, register
from cislearn.objectives.options import check_number, check_share, check_switch, unlabelled_draws
from cislearn.objectives.self_training import LARGEST
from cislearn.objectives.signals import Signal
from cislearn.objectives.supervised import task_loss
from cislearn.schema import DataSpec

CONFIDENT = Signal(
    "confident_share",
    "Confident share",
    "Share of the rows without a label whose class the network is sure enough of to learn it, the mean over tasks.",
    "It grows from near 0 as the task is learned. At 0 to the end, nothing is learned from the windows without labels;"
    " near 1 from the first steps, the threshold holds nothing back.",
)
NAMED = 0.9999
"""Share of the largest class among the pseudo-labels from which there is none of any other."""


class ClassShares(nn.Module):
    """Moving averages of how frequent the classes of a task are, among labels and among predictions.

    For distribution alignment (Berthelot et al. 2020, section 3.1): predictions are multiplied by the first over the
    second and made to sum to one again. Both averages are part of the state, so that a resumed run goes on with them.

    Parameters
    ----------
    n_classes : int
        Of the task.
    decay : float
        Share of the averages that each step keeps.
    """

    labelled: Tensor
    predicted: Tensor

    def __init__(self, n_classes: int, decay: float = 0.99) -> None:
        super().__init__()
        self.decay = decay
        self.register_buffer("labelled", torch.full((n_classes,), 1.0 / n_classes))
        self.register_buffer("predicted", torch.full((n_classes,), 1.0 / n_classes))

    def follow(self, labels: Float[Tensor, " n"], probabilities: Float[Tensor, "m c"]) -> None:
        """Take in a batch: its labels, NaN where absent, and what is said of its rows without one."""
        seen = labels[~labels.isnan()].long()
        if len(seen):
            counts = torch.bincount(seen, minlength=len(self.labelled)).to(self.labelled.dtype)
            self.labelled.lerp_(counts / len(seen), 1.0 - self.decay)
        self.predicted.lerp_(probabilities.mean(0), 1.0 - self.decay)

    def align(self, probabilities: Float[Tensor, "n c"]) -> Float[Tensor, "n c"]:
        """Return predictions whose classes are on average as frequent as among the labels."""
        aligned = probabilities * (self.labelled / self.predicted.clamp_min(1e-6))
        return aligned / aligned.sum(1, keepdim=True)


@register("fixmatch")
class FixMatch(Objective):
    """Supervised loss, and the loss to what the network is sure of when it looks at the same windows without noise.

    ``task loss + weight x mean over tasks and rows of [max q >= confidence] cross-entropy(strong view, argmax q)``,
    where q are the predictions on the weak view, to which no gradient goes (Sohn et al. 2020, eqs. 3 and 4). The weak
    view is moved and turned; the strong one is what training sees, with `hidden` of its bases taken away besides. Each
    task has its own rows and, where that is asked for, its own confidence: of a binary task a sure negative counts as a
    sure positive does. Labelled rows, strong and weak views go through the network in one pass, so the statistics of
    batch norm are those of all of them. It assumes that the network is right where it is sure.

    Parameters
    ----------
    weight : float
        Of the loss to the pseudo-labels.
    confidence : float or mapping of str to float
        Probability that the class of a window must have at least, of all tasks or of each that is named (else .95).
    align : bool
        Whether predictions are first brought to the shares of the classes among the labels (distribution alignment),
        where classes are unequal in number.
    hidden : float
        Share of the bases that the strong view lacks, drawn anew in each step.
    unlabelled : float
        Rows without a label for each labelled one.
    class_weights : mapping of str to list of float, optional
        As for `Supervised`; for the labels, not for the pseudo-labels.
    """

    draws = {"source": 1.0, "unlabelled": 1.0}  # noqa: RUF012
    second_view = "weak"
    signals = (CONFIDENT, LARGEST)

    def __init__(
        self,
        *,
        weight: float = 1.0,
        confidence: float | Mapping[str, float] = 0.95,
        align: bool = False,
        hidden: float = 0.2,
        unlabelled: float = 1.0,
        class_weights: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        super().__init__()
        named = dict(confidence) if isinstance(confidence, Mapping) else {}
        self.named = {task: check_share(f"confidence of {task}", value) for task, value in named.items()}
        self.confidence = 0.95 if isinstance(confidence, Mapping) else check_share("confidence", confidence)
        self.weight, self.hidden = check_number("weight", weight), check_share("hidden", hidden)
        self.is_aligned, self.draws = check_switch("align", align), unlabelled_draws(unlabelled)
        self.given_weights = class_weights
        self._health: dict[str, Tensor | float] = {}

    def setup(self, model: Model, spec: DataSpec) -> None:
        """Keep the tasks with their confidences, and make the averages of their classes.

        Raises
        ------
        UserError
            For tasks without classes, and a confidence for a task that there is not.
        """
        refuse_without_classes(spec, "fixmatch", "of whose value nobody is more or less sure")
        tasks = [task.name for task in spec.tasks]
        for name in self.named:
            if name not in tasks:
                raise UserError(f"confidence names task {name!r}{nearest(name, tasks)}", where="methods")
        self.spec = spec
        self.class_weights = ClassWeights(self.given_weights, spec)
        sizes = [2 if task.kind == "binary" else task.channels for task in spec.tasks]
        self.shares = nn.ModuleList([ClassShares(size) for size in sizes] if self.is_aligned else [])

    def losses(self, model: Model, batch: Batch, progress: float) -> dict[str, Tensor]:
        """Return task loss and loss to the pseudo-labels; see `Objective.losses`."""
        assert batch.second is not None
        seen, rest = batch.labelled, batch.unlabelled
        weak = batch.second.windows(rest)
        hard, _ = hide_bases(batch.tokens[rest], self.hidden)
        tokens = torch.cat([batch.tokens[seen], hard, weak.tokens])
        tracks = None if batch.tracks is None or weak.tracks is None else torch.cat([batch.tracks, weak.tracks])
        logits = model.classify(model.features(model.embed(tokens, tracks)))
        strong, easy = logits[rest], logits[len(batch) :].detach()
        return {
            "task": task_loss(logits[seen], batch.labels[seen], self.spec, self.class_weights),
            "pseudo": self.weight * self._pseudo(strong, easy, batch.labels[seen]),
        }

    def _pseudo(
        self, strong: Float[Tensor, "n columns"], weak: Float[Tensor, "n columns"], labels: Float[Tensor, "m tasks"]
    ) -> Float[Tensor, ""]:
        """Return the mean over tasks of the loss to what is sure, and note how much that is."""
        if not len(strong):  # a piece of a batch may have no row without a label: the health is that of the others
            return strong.sum() * 0.0
        losses, taken_shares, largest = [], [], []
        students, teachers = (class_log_probabilities(each, self.spec) for each in (strong, weak))
        for t, (student, teacher) in enumerate(zip(students, teachers, strict=True)):
            probabilities = teacher.exp()
            if self.is_aligned:
                shares: ClassShares = self.shares[t]  # type: ignore[assignment]
                shares.follow(labels[:, t], probabilities)
                probabilities = shares.align(probabilities)
            certainty, guess = probabilities.max(1)
            taken = self._sure(certainty, t)
            losses.append((-student.gather(1, guess[:, None])[:, 0] * taken).mean())
            taken_shares.append(taken.float().mean())
            counts = torch.bincount(guess[taken], minlength=probabilities.shape[1])
            largest.append(counts.max() / taken.sum().clamp_min(1))
        self._health = {CONFIDENT.name: torch.stack(taken_shares).mean(), LARGEST.name: torch.stack(largest).mean()}
        return torch.stack(losses).mean()

    def _sure(self, certainty: Float[Tensor, " n"], t: int) -> Bool[Tensor, " n"]:
        return certainty >= self.named.get(self.spec.tasks[t].name, self.confidence)

    def health(self) -> dict[str, Tensor | float]:
        """Return how many pseudo-labels there were in the last step, and how one-sided."""
        return self._health

    def concerns(self, history: Sequence[Mapping[str, float]]) -> list[str]:
        """Say where nothing was sure enough to learn from, or only one class was."""
        last = history[-1]
        if CONFIDENT.name not in last:
            return []
        if last[CONFIDENT.name] == 0:
            return ["no window without a label had a pseudo-label: the network was never sure; take a lower confidence"]
        if last[LARGEST.name] > NAMED:
            return [
                "all pseudo-labels are of the largest class: windows without labels taught only that; take align: true"
                " or a lower confidence"
            ]
        return []
