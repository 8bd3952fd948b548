"""Features that tell the task but not the cell type: domain-adversarial training (DANN; DANN_TF)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from cislearn.data.batch import Batch
from cislearn.objectives.class_weights import ClassWeights
from cislearn.objectives.objective import Model, Objective, register
from cislearn.objectives.options import check_count, check_number, check_word
from cislearn.objectives.schedules import schedule as schedule_of
from cislearn.objectives.signals import DOMAIN_ACCURACY, LAMBDA, signs_of_collapse
from cislearn.objectives.supervised import task_loss
from cislearn.schema import DataSpec


class _Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, strength: float) -> Tensor:
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return -ctx.strength * gradient, None


def reverse_gradient(x: Tensor, strength: float) -> Tensor:
    """Return `x`; on the way back the gradient is multiplied by ``-strength`` (Ganin et al. 2016, eq. 18)."""
    return _Reverse.apply(x, strength)  # type: ignore[no-untyped-call]


class Discriminator(nn.Module):
    """Tells the domain from features: one hidden ReLU layer, a logit a domain. No batch norm, which would leak it."""

    def __init__(self, n_features: int, width: int, n_domains: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(n_features, width)
        self.activation = nn.ReLU()
        self.logits = nn.Linear(width, n_domains)

    def forward(self, features: Float[Tensor, "n f"]) -> Float[Tensor, "n d"]:
        """Return the domain logits."""
        return self.logits(self.activation(self.hidden(features)))


def is_target(batch: Batch) -> Int[Tensor, " n"]:
    """Return 1 for rows of the target and 0 for those of the sources."""
    domains = torch.zeros_like(batch.domain)
    domains[batch.parts["target"]] = 1
    return domains


@register("adversarial")
class Adversarial(Objective):
    """Supervised loss on the source plus a domain loss whose gradient is reversed on its way into the features.

    Source and unlabelled target rows go through the encoder in one pass, so batch-norm statistics are those of both.
    Assumes that the same features are informative in both domains and that the share of positives is about equal: under
    a label shift it aligns positives with negatives. Ganin et al. 2016; for binding, Lan et al. 2019 (DANN_TF).

    Parameters
    ----------
    weight : float
        Weight of the domain loss; the reversed gradient has this factor as well.
    schedule : str or mapping
        Lambda over the training: ``late``, ``ganin``, ``sawtooth``, ``constant``, or one with options.
    discriminator : {"binary", "domains"}
        Source against target, or one class a domain.
    width : int, optional
        Hidden units of the discriminator; the encoder says where it is not given (100 in the published network).
    class_weights : mapping of str to list of float, optional
        As for `Supervised`.
    """

    draws = {"source": 1.0, "target": 1.0}  # noqa: RUF012
    signals = (DOMAIN_ACCURACY, LAMBDA)

    def __init__(
        self,
        *,
        weight: float = 1.0,
        schedule: str | Mapping[str, Any] = "late",
        discriminator: str = "binary",
        width: int | None = None,
        class_weights: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        super().__init__()
        self.weight, self.schedule = check_number("weight", weight), schedule_of(schedule)
        self.kind = check_word("discriminator", discriminator, ("binary", "domains"))
        self.width = None if width is None else check_count("width", width, "units")
        self.given_weights = class_weights
        self._health: dict[str, Tensor | float] = {}

    def setup(self, model: Model, spec: DataSpec) -> None:
        """Make the discriminator on the model's features, with the encoder's way of setting first weights."""
        self.spec = spec
        self.class_weights = ClassWeights(self.given_weights, spec)
        width = self.width or model.encoder.discriminator_width
        n_domains = 2 if self.kind == "binary" else len(spec.domains)
        self.discriminator = Discriminator(model.n_features, width, n_domains)
        model.encoder.initialise(self.discriminator)

    def losses(self, model: Model, batch: Batch, progress: float) -> dict[str, Tensor]:
        """Return task and domain loss; see `Objective.losses`."""
        strength = self.schedule(progress)
        features = model.features(model.embed(batch.tokens, batch.tracks))
        seen = batch.labelled
        logits = self.discriminator(reverse_gradient(model.pooled(features), strength))
        domains = batch.domain if self.kind == "domains" else is_target(batch)
        self._health = {"lambda": strength, "domain_accuracy": (logits.argmax(1) == domains).float().mean().detach()}
        return {
            "task": task_loss(
                model.classify(features[seen]),
                batch.labels[seen],
                self.spec,
                self.class_weights,
                profiles=batch.labelled_profiles,
            ),
            "domain": self.weight * F.cross_entropy(logits, domains),
        }

    def health(self) -> dict[str, Tensor | float]:
        """Return lambda and the discriminator's accuracy in the last step (chance: as if it knew nothing)."""
        return self._health

    def concerns(self, history: Sequence[Mapping[str, float]]) -> list[str]:
        """Say where the task was given up for the domains."""
        return signs_of_collapse(history)
