"""A pass over the stages of a network as a ladder takes it: normalised by its own rows, noised, its laterals kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from cislearn.errors import UserError
from cislearn.models.conjoined import Conjoined
from cislearn.models.embedding import keeps_strands
from cislearn.models.encoder import Encoder, OneStage
from cislearn.models.layers import BatchNorm, ChannelsLastBatchNorm, Statistics
from cislearn.models.stages import Stage
from cislearn.objectives.objective import Model

FIX = "Take an encoder of stages with batch norm, or with none: basset, alexnet, inception, wide, motif_cnn."
_BARE = ChannelsLastBatchNorm(1, affine=False, track_running_stats=False)
"""The halves of a normalisation for stages that have none of their own; it holds no numbers."""


class Pass(NamedTuple):
    """What one pass leaves, of L stages.

    Parameters
    ----------
    output : Tensor, shape (n, t)
        Logits.
    laterals : list of L + 1 tensors, shape (n, c) or (n, c, places)
        Level 0 is the input, level l what stage l has after its normalisation and the noise, before scale, offset and
        activation.
    values : list of L + 1 tensors
        The same before the normalisation; None for the input, which is not normalised.
    """

    output: Tensor
    laterals: list[Tensor]
    values: list[Tensor | None]


def stages_of(model: Model) -> list[Stage]:
    """Return the stages of a network down to the logits.

    Raises
    ------
    UserError
        Where the encoder is not a list of stages or normalises otherwise than by the batch, or the network reads words
        or both strands.
    """
    encoder = model.encoder
    if isinstance(model, Conjoined) or keeps_strands(encoder):
        raise UserError(
            "method ladder reads one strand, stage by stage, and this network reads both",
            where="model.reverse_complement",
            fix="Take reverse_complement: post_hoc.",
        )
    if getattr(model, "kmers", None) is not None:
        raise UserError(
            "method ladder adds noise to the input and takes it off again, and words have no noise",
            where="model.input",
            fix="Take model.input: one_hot.",
        )
    if isinstance(encoder, OneStage) or type(encoder).forward is not Encoder.forward:
        raise UserError("method ladder goes by stages, and this encoder is one piece", where="model.encoder", fix=FIX)
    stages: list[Stage] = model.stages  # type: ignore[attr-defined]
    for stage in stages:
        if stage.norm is not None and not isinstance(stage.norm, BatchNorm):
            raise UserError(
                f"method ladder needs batch norm, and this encoder has {type(stage.norm).__name__}",
                where="model.encoder",
                fix=FIX,
            )
    return stages


def ladder_pass(stages: Sequence[Stage], x: Float[Tensor, "n c length"], sigma: float) -> Pass:
    """Run stages on rows that are normalised together, with noise of `sigma` on the input and on each normalised level.

    Rasmus et al. 2015, algorithm 1: ``z = BN(W h) + noise``, ``h = activation(z + beta)``, by the mean and variance of
    these very rows. A stage without normalisation is normalised for the noise and given back its own mean and scale,
    so that without noise every stage computes what it does in training.

    Parameters
    ----------
    stages : list of Stage
        Down to the logits.
    x : Tensor, shape (n, c, length)
        The input of the network.
    sigma : float
        Standard deviation of the noise; 0 is the clean pass, which draws nothing.
    """
    h = _noised(x, sigma)
    laterals, values = [h], list[Tensor | None]([None])
    for stage in stages:
        z = stage.linear(h)
        z = z.to(torch.promote_types(z.dtype, torch.float32))  # bfloat16 has too few digits for a variance
        norm = stage.norm if isinstance(stage.norm, BatchNorm) else _BARE
        lateral = _noised(norm.normalise_itself(z), sigma)
        laterals.append(lateral)
        values.append(z)
        h = norm.scale_and_offset(lateral) if stage.norm else denormalised(lateral, norm.statistics(z))
        for part in (stage.activation, stage.pool):
            h = h if part is None else part(h)
    return Pass(h, laterals, values)


def normalised_as(z: Float[Tensor, "n c *places"], values: Tensor | None) -> Float[Tensor, "n c *places"]:
    """Normalise `z` by mean and variance of other `values` of its level; by None leave it as it is."""
    return z if values is None else _BARE.normalise(z, _BARE.statistics(values))


def denormalised(z: Float[Tensor, "n c *places"], statistics: Statistics) -> Float[Tensor, "n c *places"]:
    """Give normalised values the mean and the spread of given statistics."""
    mean, variance = (value.view(1, -1, *(1,) * (z.dim() - 2)) for value in statistics)
    return z * torch.sqrt(variance + _BARE.eps) + mean


def batch_normalised(z: Float[Tensor, "n c *places"]) -> Float[Tensor, "n c *places"]:
    """Normalise by the statistics of `z` itself, without scale and offset."""
    return _BARE.normalise_itself(z)


def _noised(z: Tensor, sigma: float) -> Tensor:
    return torch.add(z, _noise_like(z), alpha=sigma) if sigma else z


def _noise_like(z: Tensor) -> Tensor:
    """Draw standard normal numbers in the order in which `z` lies in memory: in another it takes ten times as long."""
    return torch.randn_like(z) if z.is_contiguous() else torch.randn_like(z.mT).mT


@contextmanager
def without_dropout(network: nn.Module) -> Iterator[None]:
    """Leave dropout out: the ladder's noise stands in its place, and a clean pass has neither."""
    dropouts = [part for part in network.modules() if isinstance(part, _DropoutNd) and part.training]
    for part in dropouts:
        part.training = False
    try:
        yield
    finally:
        for part in dropouts:
            part.training = True


@contextmanager
def running_statistics_kept(network: nn.Module) -> Iterator[None]:
    """Let the batch norms within stages normalise by their rows and leave their running statistics as they are."""
    norms = [part for part in network.modules() if isinstance(part, _BatchNorm) and part.track_running_stats]
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True
