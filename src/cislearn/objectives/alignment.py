"""Drawing the features of source and target together by a distance: what `moments` and `mmd` have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from cislearn.data.batch import Batch
from cislearn.objectives.class_weights import ClassWeights
from cislearn.objectives.objective import Model, Objective
from cislearn.objectives.options import check_number, check_word
from cislearn.objectives.schedules import schedule as schedule_of
from cislearn.objectives.signals import LAMBDA, SPREAD, Signal, signs_of_collapse
from cislearn.objectives.supervised import task_loss
from cislearn.schema import DataSpec

DISTANCE = Signal(
    "feature_distance",
    "Distance of the features",
    "The distance of source and target features that the method minimises, before weight and schedule.",
    "It falls as lambda grows. If it does not, nothing is aligned; if it falls together with the spread of the"
    " features, they collapse. Distances of different methods have different units.",
)


class Alignment(Objective):
    """Task loss plus ``weight x schedule(p) x distance`` of source and target features; a subclass says which distance.

    Source and unlabelled target rows go through the encoder in one pass.

    Parameters
    ----------
    weight : float
        Of the distance.
    schedule : str or mapping
        How that weight grows over the training.
    sources : {"pooled", "each"}
        Whether the distance is that of all sources together, or the mean over them of the distance of each.
    class_weights : mapping of str to list of float, optional
        As for `Supervised`.
    """

    draws = {"source": 1.0, "target": 1.0}  # noqa: RUF012
    signals = (DISTANCE, SPREAD, LAMBDA)

    def __init__(
        self,
        *,
        weight: float,
        schedule: str | Mapping[str, Any],
        sources: str,
        class_weights: Mapping[str, Sequence[float]] | None,
    ) -> None:
        super().__init__()
        self.weight, self.schedule = check_number("weight", weight), schedule_of(schedule)
        self.sources = check_word("sources", sources, ("pooled", "each"))
        self.given_weights = class_weights
        self._health: dict[str, Tensor | float] = {}

    @abstractmethod
    def distance(self, source: Float[Tensor, "n f"], target: Float[Tensor, "m f"]) -> Float[Tensor, ""]:
        """Return the distance of two sets of features, of two rows or more each."""

    def setup(self, model: Model, spec: DataSpec) -> None:
        """Keep the tasks and the weights of their classes."""
        self.spec = spec
        self.class_weights = ClassWeights(self.given_weights, spec)

    def losses(self, model: Model, batch: Batch, progress: float) -> dict[str, Tensor]:
        """Return task and alignment loss; see `Objective.losses`."""
        strength = self.schedule(progress)
        features = model.features(model.embed(batch.tokens, batch.tracks))
        seen = batch.labelled
        # Differences of covariances and of kernels are small beside their terms: bfloat16 has too few digits.
        with torch.autocast(features.device.type, enabled=False):
            pooled = model.pooled(features).float()
            distance = self._between(pooled, batch)
            spread = pooled[seen].detach().var(0, correction=0).sum()
        self._health = {LAMBDA.name: strength, DISTANCE.name: distance.detach(), SPREAD.name: spread}
        return {
            "task": task_loss(
                model.classify(features[seen]),
                batch.labels[seen],
                self.spec,
                self.class_weights,
                profiles=batch.labelled_profiles,
            ),
            "alignment": self.weight * strength * distance,
        }

    def health(self) -> dict[str, Tensor | float]:
        """Return lambda, the distance and the spread of the features in the last step."""
        return self._health

    def concerns(self, history: Sequence[Mapping[str, float]]) -> list[str]:
        """Say where the features collapsed or the task was given up."""
        return signs_of_collapse(history)

    def _between(self, features: Float[Tensor, "n f"], batch: Batch) -> Float[Tensor, ""]:
        """Return the distance between sources and target; 0 where a batch holds too few rows to tell it."""
        source, target = features[batch.parts["source"]], features[batch.parts["target"]]
        groups = [source]
        if self.sources == "each":
            domain = batch.domain[batch.parts["source"]]
            groups = [source[domain == code] for code in torch.unique(domain)]
        distances = [self.distance(group, target) for group in groups if min(len(group), len(target)) > 1]
        return torch.stack(distances).mean() if distances else features.sum() * 0.0
