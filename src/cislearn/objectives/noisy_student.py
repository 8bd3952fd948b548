"""A student who is made to work: a noised network learns the answers that the clean teacher gives on clean windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from cislearn.data.batch import Batch
from cislearn.objectives.hiding import hide_bases
from cislearn.objectives.objective import Model, register
from cislearn.objectives.options import check_share, check_switch
from cislearn.objectives.self_training import SelfTraining


@register("noisy_student")
class NoisyStudent(SelfTraining):
    """As `self_training`, but the student is noised and the teacher is not.

    From `start` on the student reads windows that are moved and turned (as all of training), with `hidden` of their
    bases taken away, and drops `dropout` of its features; the teacher reads the same windows plain. Xie et al. 2020
    (noisy student); for regulatory sequences Phan et al. 2024. It is one training and one generation: the student goes
    on from the teacher's weights. It assumes what `self_training` does, and that the noise leaves the class of a window
    as it is.

    Parameters
    ----------
    weight : float
        Of the loss to the pseudo-labels.
    start : float
        Share of the training at which the teacher is frozen and the noise sets in.
    share : float
        Of the unlabelled windows of a batch that the teacher gives a class, this share, the surest, is taken.
    confidence : float
        Probability of its class that the teacher must give a window at least.
    soft : bool
        Whether the student learns the teacher's probabilities (which the paper found better out of the domain) or only
        its classes.
    hidden : float
        Share of the bases that the student reads as N, drawn anew in each step.
    dropout : float
        Share of the features that the student does without.
    balanced : bool
        Whether each class counts alike, however often the teacher gives it.
    class_weights : mapping of str to list of float, optional
        As for `Supervised`; for the labels, not for the pseudo-labels.
    """

    title = "noisy_student"
    needs_plain = True

    def __init__(
        self,
        *,
        weight: float = 1.0,
        start: float = 0.5,
        share: float = 1.0,
        confidence: float = 0.0,
        soft: bool = True,
        hidden: float = 0.1,
        dropout: float = 0.1,
        balanced: bool = True,
        class_weights: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        super().__init__(
            weight=weight,
            start=start,
            share=share,
            confidence=confidence,
            balanced=balanced,
            class_weights=class_weights,
        )
        self.soft = check_switch("soft", soft)
        self.hidden, self.dropout = check_share("hidden", hidden), check_share("dropout", dropout)

    def student(self, model: Model, batch: Batch, *, is_taught: bool) -> Float[Tensor, "n columns"]:
        """Return the logits of the noised network; before there is a teacher there is no noise."""
        if not is_taught:
            return super().student(model, batch, is_taught=is_taught)
        features = model.features(model.embed(hide_bases(batch.tokens, self.hidden)[0], batch.tracks))
        return model.classify(F.dropout(features, self.dropout))

    def lesson(self, batch: Batch) -> Batch:
        """Return the plain windows."""
        assert batch.plain is not None
        return batch.plain
