"""Features that do not tell the domain even to one who knows what is predicted from them: CDAN."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from cislearn.data.batch import Batch
from cislearn.objectives.adversarial import Discriminator, is_target, reverse_gradient
from cislearn.objectives.class_probabilities import class_log_probabilities, refuse_without_classes
from cislearn.objectives.class_weights import ClassWeights
from cislearn.objectives.objective import Model, Objective, register
from cislearn.objectives.options import check_count, check_number, check_switch
from cislearn.objectives.schedules import schedule as schedule_of
from cislearn.objectives.signals import DOMAIN_ACCURACY, LAMBDA, signs_of_collapse
from cislearn.objectives.supervised import task_loss
from cislearn.schema import DataSpec

LARGEST_MAP = 4096
"""Features times classes above which their product is drawn at random; as published."""


class OuterProduct(nn.Module):
    """Every feature times every predicted probability: ``f (x) g``, of length F C (Long et al. 2018)."""

    def __init__(self, n_features: int, n_classes: int) -> None:
        super().__init__()
        self.n_out = n_features * n_classes

    def forward(self, features: Float[Tensor, "n f"], classes: Float[Tensor, "n c"]) -> Float[Tensor, "n fc"]:
        """Return the products, those of the first class first."""
        return (classes[:, :, None] * features[:, None, :]).flatten(1)


class RandomMap(nn.Module):
    """``(R_f f) * (R_g g) / sqrt(d)`` with fixed Gaussian matrices (Long et al. 2018).

    The inner product of two such vectors is, on average, that of the outer products.
    """

    of_features: Tensor
    of_classes: Tensor

    def __init__(self, n_features: int, n_classes: int, n_out: int) -> None:
        super().__init__()
        self.n_out = n_out
        self.register_buffer("of_features", torch.randn(n_features, n_out))
        self.register_buffer("of_classes", torch.randn(n_classes, n_out))

    def forward(self, features: Float[Tensor, "n f"], classes: Float[Tensor, "n c"]) -> Float[Tensor, "n d"]:
        """Return the products of the two projections."""
        return (features @ self.of_features) * (classes @ self.of_classes) / self.n_out**0.5


def certainty_weights(entropy: Float[Tensor, " n"], target: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """Return ``1 + exp(-H)`` of each row, scaled to a mean of 1 within the sources and within the target.

    Long et al. 2018, CDAN+E: rows whose prediction is certain count more. The scaling keeps the two sides at equal
    parts of the domain loss, as in the authors' code.

    Parameters
    ----------
    entropy : Tensor, shape (n,)
        Of the predictions, in nats.
    target : Tensor, shape (n,)
        1 for rows of the target, 0 for those of the sources.
    """
    weights = 1.0 + torch.exp(-entropy)
    means = torch.stack([(weights * side).sum() / side.sum().clamp_min(1.0) for side in (1.0 - target, target)])
    return weights / means[target.long()]


@register("cdan")
class CDAN(Objective):
    """Adversarial training whose discriminator sees features and predictions together (CDAN, CDAN+E).

    The discriminator reads the outer product of the features and of the predicted probabilities of the classes, so that
    it can ask whether positives differ between the domains, and negatives. Its gradient reaches the encoder through the
    features alone, reversed; predictions are taken as they are. With several tasks the classes of all of them stand
    side by side, each task counting alike. Long et al. 2018. It assumes that predictions on the target are better than
    chance, and that the share of positives is about equal in both domains.

    Parameters
    ----------
    weight : float
        Weight of the domain loss; the reversed gradient has this factor as well.
    schedule : str or mapping
        Lambda over the training: ``late``, ``ganin``, ``sawtooth``, ``constant``, or one with options.
    entropy : bool
        Whether rows whose prediction is certain count more in the domain loss (CDAN+E).
    dimensions : int
        Length of the random map that stands for the outer product where that has more than 4096 entries.
    width : int, optional
        Hidden units of the discriminator; the encoder says where it is not given.
    class_weights : mapping of str to list of float, optional
        As for `Supervised`.
    """

    draws = {"source": 1.0, "target": 1.0}  # noqa: RUF012
    signals = (DOMAIN_ACCURACY, LAMBDA)

    def __init__(
        self,
        *,
        weight: float = 0.3,
        schedule: str | Mapping[str, Any] = "ganin",
        entropy: bool = True,
        dimensions: int = 1024,
        width: int | None = None,
        class_weights: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        super().__init__()
        self.weight, self.schedule = check_number("weight", weight), schedule_of(schedule)
        self.entropy, self.dimensions = check_switch("entropy", entropy), check_count("dimensions", dimensions, "units")
        self.width = None if width is None else check_count("width", width, "units")
        self.given_weights = class_weights
        self._health: dict[str, Tensor | float] = {}

    def setup(self, model: Model, spec: DataSpec) -> None:
        """Make the map of features and classes and the discriminator on it.

        Raises
        ------
        UserError
            For regression and profile tasks.
        """
        refuse_without_classes(spec, "cdan", "whose value is no class that a discriminator could be told")
        self.spec = spec
        self.class_weights = ClassWeights(self.given_weights, spec)
        n_classes = sum(2 if task.kind == "binary" else task.channels for task in spec.tasks)
        product = OuterProduct(model.n_features, n_classes)
        is_large = product.n_out > LARGEST_MAP
        self.map = RandomMap(model.n_features, n_classes, self.dimensions) if is_large else product
        self.discriminator = Discriminator(self.map.n_out, self.width or model.encoder.discriminator_width, 2)
        model.encoder.initialise(self.discriminator)

    def losses(self, model: Model, batch: Batch, progress: float) -> dict[str, Tensor]:
        """Return task and domain loss; see `Objective.losses`."""
        strength, target = self.schedule(progress), is_target(batch)
        features = model.features(model.embed(batch.tokens, batch.tracks))
        predicted = model.classify(features)
        of_tasks = class_log_probabilities(predicted.detach(), self.spec)
        classes = torch.cat([task.exp() for task in of_tasks], dim=1) / len(of_tasks)
        logits = self.discriminator(self.map(reverse_gradient(features, strength), classes))
        each = F.cross_entropy(logits, target, reduction="none")
        if self.entropy:
            entropies = [-(task.exp() * task).sum(1) for task in of_tasks]
            each = each * certainty_weights(torch.stack(entropies).mean(0), target.to(each.dtype))
        accuracy = (logits.argmax(1) == target).float().mean().detach()
        self._health = {LAMBDA.name: strength, DOMAIN_ACCURACY.name: accuracy}
        seen = batch.labelled
        return {
            "task": task_loss(predicted[seen], batch.labels[seen], self.spec, self.class_weights),
            "domain": self.weight * each.mean(),
        }

    def health(self) -> dict[str, Tensor | float]:
        """Return lambda and the discriminator's accuracy in the last step."""
        return self._health

    def concerns(self, history: Sequence[Mapping[str, float]]) -> list[str]:
        """Say where the task was given up for the domains."""
        return signs_of_collapse(history)
