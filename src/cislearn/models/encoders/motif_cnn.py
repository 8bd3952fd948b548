"""The default encoder: a small convolutional network that looks for motifs and for motifs near each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from cislearn.models.encoder import Encoder, register
from cislearn.models.layers import layers as layers_of
from cislearn.models.stages import Stage


@register("motif_cnn")
class MotifCNN(Encoder):
    """Two convolutions and a global maximum.

    The first convolution holds motif detectors; the second, after pooling by `pool`, sees about
    ``motif_width + pool * pair_width`` bases and so pairs of motifs and their spacing; the maximum over all positions
    makes the features blind to where they lie.

    Parameters
    ----------
    length : int
        Window length in bp.
    in_channels : int
        Of the input: four bases, and those of the tracks.
    motifs : int
        Filters of the first convolution.
    motif_width : int
        Their width in bp, odd.
    pairs : int
        Filters of the second convolution.
    pair_width : int
        Their width in pooled positions, odd.
    pool : int
        Positions pooled between the two.
    features : int
        Length of the feature vector.
    batch_norm : bool
        Normalise after both convolutions, as adapting statistics to a domain (`adabn`) needs it.
    layers : {"channels_last", "plain"}
        Where the layers come from; the weights are the same. `reverse_complement: {train: equivariant}` takes others.
    """

    def __init__(
        self,
        length: int,
        in_channels: int = 4,
        /,
        *,
        motifs: int = 48,
        motif_width: int = 19,
        pairs: int = 96,
        pair_width: int = 7,
        pool: int = 4,
        features: int = 64,
        batch_norm: bool = False,
        layers: str | Mapping[str, Any] = "channels_last",
    ) -> None:
        super().__init__()
        if length < pool:
            raise ValueError(f"windows of {length} bp are shorter than the pooling of {pool}")
        make = layers_of(layers)
        first, second, positions = make.channels(motifs), make.channels(pairs), length // pool
        strands, merged = make.merge(second)
        # Activation after the maximum: the same values and gradients, on as many positions as are left.
        pooled = nn.Sequential(make.pool(pool, length=length), make.activation())
        ending = nn.Sequential(make.global_pool(positions), make.activation(), *strands)
        self.stages = nn.Sequential(
            Stage(make.first(in_channels, motifs, motif_width), make.norm(first) if batch_norm else None, pool=pooled),
            Stage(make.conv(first, pairs, pair_width), make.norm(second) if batch_norm else None, pool=ending),
            Stage(make.dense(merged, features), None, make.activation()),
        )
