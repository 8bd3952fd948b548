"""The published network of Basset (Kelley et al. 2016), which the DSSDA paper calls LeNet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from torch import nn

from cislearn.models.dense import with_dense
from cislearn.models.encoder import Encoder, register
from cislearn.models.layers import Padding
from cislearn.models.layers import layers as layers_of
from cislearn.models.stages import Stage

CONVOLUTIONS = ((300, 19, 3), (200, 11, 4), (200, 7, 4))
"""Filters, their width in positions, and the positions pooled after them."""


@register("basset")
class Basset(Encoder):
    """Three convolutions and two dense layers, all normalised; 4,135,064 parameters at 600 bp with 164 tasks.

    Kelley et al. 2016 (Genome Research 26:990): 300 filters of 19 bp, 200 of 11, 200 of 7, maxima of 3, 4 and 4
    positions: 600-582-194-184-46-40-10 positions, 2,000 numbers, then twice 1,000 with dropout. Its recipe is RMSprop
    with the weights of each unit kept to a norm of 7.

    Parameters
    ----------
    length : int
        Window length in bp; 600 as published.
    in_channels : int
        Of the input: four bases, and those of the tracks.
    padding : {"valid", "same"}
        Whether a filter lies within the window whole, as published, or also over its ends, as short windows need it.
    hidden : list of int
        Units of the dense layers.
    dropout : float
        Share of these that is hidden in training.
    layers : {"channels_last", "plain", "equivariant"}
        Where the layers come from; of the first two the weights are the same.
    """

    def __init__(
        self,
        length: int,
        in_channels: int = 4,
        /,
        *,
        padding: str = "valid",
        hidden: tuple[int, ...] | list[int] = (1000, 1000),
        dropout: float = 0.3,
        layers: str | Mapping[str, Any] = "channels_last",
    ) -> None:
        super().__init__()
        if padding not in get_args(Padding):
            raise ValueError(f"padding {padding!r}: expected {' or '.join(get_args(Padding))}")
        places = _places(length, padding)
        if places < 1:
            shortest = next(n for n in range(length + 1, 601) if _places(n, padding) > 0)
            other = ", or take padding: same" if padding == "valid" else ""
            raise ValueError(f"nothing is left of them after the poolings; {shortest} bp is the shortest{other}")
        make, channels = layers_of(layers), in_channels
        stages: list[Stage] = []
        for filters, width, pool in CONVOLUTIONS:
            reads = make.conv if stages else make.first
            conv = reads(channels, filters, width, padding=padding)  # type: ignore[arg-type]
            channels = make.channels(filters)
            # Activation after the maximum: the same values and gradients, on as many positions as are left.
            stages.append(Stage(conv, make.norm(channels), pool=nn.Sequential(make.pool(pool), make.activation())))
        self.stages = with_dense(make, stages, channels, places, hidden, dropout)


def _places(length: int, padding: str) -> int:
    """Return the positions that are left after the last pooling."""
    for _, width, pool in CONVOLUTIONS:
        length = (length if padding == "same" else max(length - width + 1, 0)) // pool
    return length
