"""The default encoder: a small convolutional network that looks for motifs and for motifs near each other."""

from __future__ import annotations

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
        Where the layers come from; the weights are the same.
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
        layers: str = "channels_last",
    ) -> None:
        super().__init__()
        if length < pool:
            raise ValueError(f"windows of {length} bp are shorter than the pooling of {pool}")
        make = layers_of(layers)
        # Activation after the maximum: the same values and gradients, on as many positions as are left.
        first = nn.Sequential(make.pool(pool), make.activation())
        second = nn.Sequential(make.global_pool(length // pool), make.activation())
        self.stages = nn.Sequential(
            Stage(make.conv(in_channels, motifs, motif_width), make.norm(motifs) if batch_norm else None, pool=first),
            Stage(make.conv(motifs, pairs, pair_width), make.norm(pairs) if batch_norm else None, pool=second),
            Stage(make.dense(pairs, features), None, make.activation()),
        )
