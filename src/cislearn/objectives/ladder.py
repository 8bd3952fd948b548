"""The ladder network: learning from labels and, at every level, from taking noise away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from cislearn.data.batch import Batch
from cislearn.errors import UserError
from cislearn.models.layers import BatchNorm
from cislearn.models.stages import Stage
from cislearn.objectives.class_weights import ClassWeights
from cislearn.objectives.ladder_decoder import Decoder, filter_width, levels_of
from cislearn.objectives.ladder_pass import (
    ladder_pass,
    normalised_as,
    running_statistics_kept,
    stages_of,
    without_dropout,
)
from cislearn.objectives.objective import Model, Objective, register
from cislearn.objectives.options import check_number, check_switch, check_word
from cislearn.objectives.signals import Signal
from cislearn.objectives.supervised import task_loss
from cislearn.schema import DataSpec

FEWEST = 4
"""Rows of which mean and variance say anything."""
NOTHING_LEARNED = 0.98
"""Cost from which on a level's estimate is no better than its mean."""


class Reconstruction(NamedTuple):
    """The clean values of one level and their estimate, both normalised as the clean pass was: ``(n, c, *places)``."""

    clean: Tensor
    estimate: Tensor


@register("ladder")
class Ladder(Objective):
    """Supervised loss under noise, plus the cost of an estimate of each level without it, on windows without labels.

    ``task loss of the noisy pass + sum_l weight_l mean((z_l - estimate_l)^2)`` over the levels l of the network, from
    the input to the logits (Rasmus et al. 2015, NeurIPS 28; over DNase accessibility: DSSDA). A decoder goes from the
    noisy logits down; at each level it sees what is above and the noisy level itself, and guesses the clean one.
    Labelled rows and rows without labels are normalised apart; the predictions are those of the clean network, whose
    running statistics are of labelled rows alone. It assumes that what takes noise away from a window also tells its
    class.

    Parameters
    ----------
    sigma : float
        Standard deviation of the noise on the input and on each normalised level.
    weights : float or list of float
        Of the levels from the input to the logits, each of which is a mean over its units; the last number goes for
        all levels above. One number, 0.2, in the paper of DSSDA.
    reconstruct : {"all", "top", "none"}
        Every level; the logits alone, without a decoder (the Gamma model); or none, which leaves the noise.
    lateral : bool
        Whether an estimate reads the noisy level beside what is above.
    detach_clean : bool
        Whether the clean values are only aimed at; else they also learn to be easy to guess, as in the code of the
        paper.
    unlabelled : float
        Rows without labels in a batch for each labelled row.
    class_weights : mapping of str to list of float, optional
        As for `Supervised`.
    """

    draws = {"source": 1.0, "unlabelled": 1.0}  # noqa: RUF012
    reads_features = False

    def __init__(
        self,
        *,
        sigma: float = 0.3,
        weights: float | Sequence[float] = (0.01, 0.001),
        reconstruct: str = "all",
        lateral: bool = True,
        detach_clean: bool = True,
        unlabelled: float = 1.0,
        class_weights: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        super().__init__()
        self.sigma = check_number("sigma", sigma)
        given = [weights] if isinstance(weights, int | float) else list(weights)
        self.given = [check_number("weights", weight) for weight in given]
        if not self.given:
            raise ValueError("weights are empty: expected a number for each level, or one for all")
        self.reconstruct = check_word("reconstruct", reconstruct, ("all", "top", "none"))
        self.lateral, self.detach_clean = check_switch("lateral", lateral), check_switch("detach_clean", detach_clean)
        rows = check_number("unlabelled", unlabelled)
        if rows == 0:
            raise ValueError("unlabelled 0: expected a number above 0; reconstruct: none needs no rows without labels")
        self.draws = {"source": 1.0} | ({"unlabelled": rows} if self.reconstruct != "none" else {})
        self.given_weights = class_weights
        self._health: dict[str, Tensor | float] = {}

    def setup(self, model: Model, spec: DataSpec) -> None:
        """Make the decoder; hold the scales before a ReLU, which what follows undoes.

        Raises
        ------
        UserError
            For an encoder without stages or with another normalisation, or more weights than levels.
        """
        self.spec = spec
        self.class_weights = ClassWeights(self.given_weights, spec)
        stages = stages_of(model)
        assert isinstance(model, nn.Module)
        _hold_scales(stages)
        top = len(stages)
        if len(self.given) > top + 1:
            raise UserError(
                f"method ladder has {len(self.given)} weights, and this network {top + 1} levels", where="methods"
            )
        self.weights = [self.given[min(k, len(self.given) - 1)] for k in range(top + 1)]
        self.lowest = {"all": 0, "top": top, "none": top + 1}[self.reconstruct]
        self.signals = tuple(_signal(number, top, self.sigma) for number in range(self.lowest, top + 1))
        if self.reconstruct == "none":
            return
        was_training = model.training
        model.eval()
        like = next(model.parameters()).new_zeros(2, spec.channels, spec.length)
        levels = levels_of(stages, like)
        model.train(was_training)
        if levels[-1].channels != spec.n_logits:
            raise UserError(
                f"method ladder estimates the logits from the top, and this network makes {levels[-1].channels} numbers"
                f" there for {spec.n_logits}",
                where="model.encoder",
                fix="Take an encoder that ends in one output for each logit, as all others do.",
            )
        widths = [filter_width(stage.linear) for stage in stages]
        self.decoder = Decoder(levels, widths, lateral=self.lateral, lowest=self.lowest)

    def losses(self, model: Model, batch: Batch, progress: float) -> dict[str, Tensor]:
        """Return the task loss of the noisy labelled rows and the cost of the estimates; see `Objective.losses`.

        Raises
        ------
        UserError
            Where the labelled rows or those without labels are too few to be normalised by themselves.
        """
        assert isinstance(model, nn.Module)
        x, seen, rest = model.embed(batch.tokens, batch.tracks), batch.labelled, batch.unlabelled
        _check_rows(len(x[seen]), "labelled")
        self._health = {}
        with without_dropout(model):
            with torch.no_grad():
                model.classify(model.features(x[seen]))  # the clean labelled pass, which running statistics follow
            with running_statistics_kept(model):
                logits = ladder_pass(stages_of(model), x[seen], self.sigma).output
        losses = {"task": task_loss(logits, batch.labels[seen], self.spec, self.class_weights)}
        if self.reconstruct == "none":
            return losses
        _check_rows(len(x[rest]), "unlabelled")
        costs = [_mean_square(level.estimate, level.clean) for level in self.reconstructions(model, x[rest])]
        self._health = {signal.name: cost.detach() for signal, cost in zip(self.signals, costs, strict=True)}
        weighted = [weight * cost for weight, cost in zip(self.weights[self.lowest :], costs, strict=True)]
        return losses | {"reconstruction": torch.stack(weighted).sum()}

    def reconstructions(self, model: Model, x: Float[Tensor, "n c length"]) -> list[Reconstruction]:
        """Return what the clean pass has at each level that is estimated, and the estimate from a noisy pass.

        Parameters
        ----------
        model : Model
            The network that the objective was set up with.
        x : Tensor, shape (n, c, length)
            Its input, as `Model.embed` makes it.
        """
        assert isinstance(model, nn.Module)
        stages = stages_of(model)
        with without_dropout(model), running_statistics_kept(model):
            noisy = ladder_pass(stages, x, self.sigma)
            with torch.no_grad() if self.detach_clean else nullcontext():
                clean = ladder_pass(stages, x, 0.0)
        with torch.autocast(x.device.type, enabled=False):
            estimates = self.decoder(_probabilities(noisy.output, self.spec), noisy.laterals)
        aims = zip(clean.laterals[self.lowest :], clean.values[self.lowest :], estimates, strict=True)
        return [Reconstruction(z, normalised_as(estimate, values)) for z, values, estimate in aims]

    def health(self) -> dict[str, Tensor | float]:
        """Return the cost of each level in the last step, before its weight."""
        return self._health

    def concerns(self, history: Sequence[Mapping[str, float]]) -> list[str]:
        """Say where the decoder learned nothing above the input."""
        last = history[-1]
        normalised_levels = [signal for signal in self.signals if signal.name != _column(0)]
        bad = [signal.title for signal in normalised_levels if last.get(signal.name, 0.0) > NOTHING_LEARNED]
        if not bad:
            return []
        return [
            f"the decoder guesses no better than the mean of each channel ({', '.join(bad)}): windows without labels"
            " taught nothing there; train longer, or take a smaller sigma"
        ]


def _mean_square(found: Tensor, expected: Tensor) -> Tensor:
    """Return the mean squared difference; what goes back to a map with its channels last has them last too."""
    if found.dim() == 3:
        found, expected = found.mT, expected.mT
    return F.mse_loss(found, expected)


def _check_rows(n: int, kind: str) -> None:
    if n < FEWEST:
        raise UserError(
            f"method ladder normalises the {kind} rows of each batch by themselves, and {n} are too few",
            where="training.batch_size",
            fix=f"Take a batch of at least {FEWEST} {kind} rows, more labels, or fewer pieces (training.accumulate).",
        )


def _hold_scales(stages: Sequence[Stage]) -> None:
    """Train no scale before a ReLU: it would only multiply what the next stage normalises (Rasmus et al. 2015)."""
    for stage in stages:
        after = [part for whole in (stage.activation, stage.pool) if whole is not None for part in whole.modules()]
        if isinstance(stage.norm, BatchNorm) and any(isinstance(part, nn.ReLU) for part in after):
            stage.norm.weight.requires_grad_(False)


def _probabilities(logits: Float[Tensor, "n t"], spec: DataSpec) -> Float[Tensor, "n t"]:
    """Return what the network says in the end: probabilities of classes, and values as they are."""
    said = []
    for task in spec.tasks:
        of_task = logits[:, spec.columns(task.name)]
        if task.kind == "binary":
            of_task = of_task.sigmoid()
        elif task.kind == "multiclass":
            of_task = of_task.softmax(1)
        said.append(of_task)
    return torch.cat(said, dim=1)


def _column(number: int) -> str:
    return f"reconstruction_{number}"


def _signal(number: int, top: int, sigma: float) -> Signal:
    name = {0: "input", top: "logits"}.get(number, f"stage {number}")
    return Signal(
        _column(number),
        f"Reconstruction, {name}",
        f"Mean squared error of the decoder's estimate of the {name} without noise"
        + (", each base being 0 or 1." if number == 0 else ", in standard deviations of each channel."),
        "It falls, and ends below the noise itself: there the decoder knows more than the noisy values tell."
        + ("" if number == 0 else " At 1 or above it guesses no better than the mean of each channel."),
        reference=sigma**2,
        reference_name="the noise itself",
    )
