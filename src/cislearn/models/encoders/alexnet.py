"""AlexNet over sequences: five convolutions and two dense layers. The shapes are our choice; no paper gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from cislearn.models.dense import with_dense
from cislearn.models.encoder import Encoder, register
from cislearn.models.layers import layers as layers_of
from cislearn.models.stages import Stage

CONVOLUTIONS = ((96, 11, 2), (256, 5, 2), (384, 3, 2), (384, 3, 1), (256, 3, 1))
"""Filters, their width in positions, and the positions pooled after them: the filters are those of Krizhevsky et al."""
SHORTEST = 8
"""Windows of which the three poolings leave a position, bp."""


@register("alexnet")
class AlexNet(Encoder):
    """Five convolutions, maxima of two after the first three, two dense layers with dropout; all normalised.

    Krizhevsky et al. 2012 (NeurIPS 25) along a sequence. The paper of DSSDA builds on such a network and says neither
    widths nor channels: those here are ours. 600-300-150-75 positions, or 101-50-25-12. Its published dense layers are
    convolutions as wide as what they read, which is the same map.

    Parameters
    ----------
    length : int
        Window length in bp.
    in_channels : int
        Of the input: four bases, and those of the tracks.
    hidden : list of int
        Units of the dense layers; as in the images' network (4096, 4096) they would hold 96 M weights at 600 bp.
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
        hidden: tuple[int, ...] | list[int] = (1024, 1024),
        dropout: float = 0.5,
        layers: str | Mapping[str, Any] = "channels_last",
    ) -> None:
        super().__init__()
        if length < SHORTEST:
            raise ValueError(f"nothing is left of them after three poolings; {SHORTEST} bp is the shortest")
        make, channels = layers_of(layers), in_channels
        stages: list[Stage] = []
        for filters, width, pool in CONVOLUTIONS:
            conv = (make.conv if stages else make.first)(channels, filters, width)
            channels, length = make.channels(filters), length // pool
            # Activation after the maximum: the same values and gradients, on as many positions as are left.
            pooled = [make.pool(pool)] if pool > 1 else []
            stages.append(Stage(conv, make.norm(channels), pool=nn.Sequential(*pooled, make.activation())))
        self.stages = with_dense(make, stages, channels, length, hidden, dropout)
