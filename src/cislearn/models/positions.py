"""The encoder's features along the window: what it knows of each place before it pools them all into one vector."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor, nn

from cislearn.errors import UserError
from cislearn.models.encoder import Encoder
from cislearn.models.equivariant import SumOfStrands, WeightedSum
from cislearn.models.stages import Stage

FINEST = 8
"""Bases that a position may stand for at most: of a coarser map nobody could say which base is meant."""


def steps_of(encoder: Encoder) -> Iterator[nn.Module]:
    """Yield what a window goes through in an encoder, in order: the parts of its stages, sequences taken apart."""
    for stage in encoder.stages:
        assert isinstance(stage, Stage)
        for part in stage.parts:
            yield from _apart(part)


def _apart(part: nn.Module) -> Iterator[nn.Module]:
    if type(part) is nn.Sequential:
        for each in part:
            yield from _apart(each)
    else:
        yield part


def position_features(
    encoder: Encoder, x: Float[Tensor, "n channels length"], depth: int
) -> Float[Tensor, "n features positions"]:
    """Return what the first `depth` steps of an encoder make of windows; `deepest_map` says how many keep positions."""
    for _, step in zip(range(depth), steps_of(encoder), strict=False):
        x = step(x)
    return x


@torch.no_grad()
def deepest_map(encoder: Encoder, channels: int, length: int) -> tuple[int, int, int]:
    """Return how many steps of an encoder lead to its deepest map of positions, and the map's features and positions.

    A map has an axis of positions, each of which stands for `FINEST` bases at most, and knows the strands apart.

    Parameters
    ----------
    encoder : Encoder
        Its mode is kept.
    channels, length : int
        Of its input.

    Raises
    ------
    UserError
        Where not even the first step gives one.
    """
    modes = {module: module.training for module in encoder.modules()}
    encoder.eval()
    x, found = torch.zeros(1, channels, length), None
    for depth, step in enumerate(steps_of(encoder), start=1):
        if isinstance(step, SumOfStrands | WeightedSum):  # what stands there is no longer at its place
            break
        x = step(x)
        if x.dim() != 3 or length // x.shape[2] > FINEST:
            break
        found = depth, x.shape[1], x.shape[2]
    for module, mode in modes.items():
        module.training = mode
    if found is None:
        raise UserError(
            f"this encoder's first step gives {'x'.join(str(size) for size in x.shape[1:])} numbers, and no features"
            f" along the window with a position for every {FINEST} bases",
            where="model.encoder",
            fix="Take an encoder whose stages keep positions: motif_cnn, wide, basset, alexnet, inception.",
        )
    return found
