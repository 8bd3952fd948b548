"""GoogLeNet over sequences: modules of four branches of different reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from cislearn.models.encoder import Encoder, register
from cislearn.models.layers import Layers, is_equivariant
from cislearn.models.layers import layers as layers_of
from cislearn.models.stages import Stage


class Filters(NamedTuple):
    """Filters of the branches of a module: of width 1; of 3 and of 5, each after a reduction; of 1 after a maximum."""

    one: int
    reduce_three: int
    three: int
    reduce_five: int
    five: int
    pool: int


MODULES = (
    (Filters(64, 96, 128, 16, 32, 32), 1),
    (Filters(128, 128, 192, 32, 96, 64), 2),
    (Filters(192, 96, 208, 16, 48, 64), 1),
    (Filters(160, 112, 224, 24, 64, 64), 1),
    (Filters(128, 128, 256, 24, 64, 64), 1),
    (Filters(112, 144, 288, 32, 64, 64), 1),
    (Filters(256, 160, 320, 32, 128, 128), 2),
    (Filters(256, 160, 320, 32, 128, 128), 1),
    (Filters(384, 192, 384, 48, 128, 128), 1),
)
"""Modules 3a to 5b of table 1 of Szegedy et al. 2015, and the positions pooled after each."""
SHORTEST = 31
"""Windows of which a position is left in the end, bp."""


class EveryOther(nn.Module):
    """Every other position, from the first on: after a convolution, the convolution of stride 2."""

    kernel_size, stride = 1, 2

    def forward(self, x: Float[Tensor, "n c length"]) -> Float[Tensor, "n c half"]:
        """Return a view."""
        return x[:, :, ::2]


class Branches(nn.Module):
    """Four branches side by side: what single positions, 3 and 5 of them, and the best of 3 say.

    Parameters
    ----------
    make : Layers
        Where layers come from.
    channels : int
        That it reads.
    filters : Filters
        Of its branches.
    """

    def __init__(self, make: Layers, channels: int, filters: Filters) -> None:
        super().__init__()
        self.one = make.conv(channels, filters.one, 1)
        self.three = _reduced(make, channels, filters.reduce_three, filters.three, 3)
        self.five = _reduced(make, channels, filters.reduce_five, filters.five, 5)
        self.pool = nn.Sequential(nn.MaxPool1d(3, 1, 1), make.conv(channels, filters.pool, 1))

    def forward(self, x: Float[Tensor, "n c length"]) -> Float[Tensor, "n d length"]:
        """Return the branches one below the other."""
        return torch.cat([self.one(x), self.three(x), self.five(x), self.pool(x)], dim=1)


def _reduced(make: Layers, channels: int, reduce: int, filters: int, width: int) -> nn.Sequential:
    first = make.conv(channels, reduce, 1)
    return nn.Sequential(first, make.activation(), make.conv(make.channels(reduce), filters, width))


@register("inception")
class Inception(Encoder):
    """Three convolutions and nine modules of four branches (GoogLeNet), each normalised; then the mean of positions.

    Szegedy et al. 2015 (CVPR, table 1) along a sequence: the same filters, the first convolution of stride 2, maxima of
    two positions without overlap in the place of 3 x 3 with stride 2, batch norm after each stage in the place of that
    of responses, and no side outputs. 600-300-150-75-37-18 positions, 1,024 features. The paper of DSSDA compares with
    such a network and does not say its shapes.

    Parameters
    ----------
    length : int
        Window length in bp.
    in_channels : int
        Of the input: four bases, and those of the tracks.
    dropout : float
        Share of the features that is hidden in training.
    layers : {"channels_last", "plain"}
        Where the layers come from; the weights are the same.
    """

    def __init__(
        self,
        length: int,
        in_channels: int = 4,
        /,
        *,
        dropout: float = 0.4,
        layers: str | Mapping[str, Any] = "channels_last",
    ) -> None:
        super().__init__()
        if length < SHORTEST:
            raise ValueError(f"nothing is left of them after the poolings; {SHORTEST} bp is the shortest")
        if is_equivariant({"layers": layers}):
            raise ValueError(
                "its branches stand side by side, which a flip of the channels would exchange; take another"
            )
        make = layers_of(layers)
        channels = make.channels(64)
        stages = [
            _stage(make, nn.Sequential(make.conv(in_channels, 64, 7), EveryOther()), 64, 2),
            _stage(make, make.conv(channels, 64, 1), 64, 1),
            _stage(make, make.conv(channels, 192, 3), 192, 2),
        ]
        channels = make.channels(192)
        for filters, pool in MODULES:
            made = filters.one + filters.three + filters.five + filters.pool
            stages.append(_stage(make, Branches(make, channels, filters), made, pool))
            channels = make.channels(made)
        ending = nn.Sequential(nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Dropout(dropout))
        stages[-1].pool = nn.Sequential(*stages[-1].pool, *ending)  # type: ignore[misc]
        self.stages = nn.Sequential(*stages)


def _stage(make: Layers, linear: nn.Module, filters: int, pool: int) -> Stage:
    """Return a stage: activation after the maximum gives the same values and gradients on fewer positions."""
    pooled = [make.pool(pool)] if pool > 1 else []
    return Stage(linear, make.norm(make.channels(filters)), pool=nn.Sequential(*pooled, make.activation()))
