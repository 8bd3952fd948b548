"""The end of a network as Basset and AlexNet have it: positions laid side by side, and dense layers with dropout."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from cislearn.models.equivariant import WeightedSum
from cislearn.models.layers import BatchNorm, Layers
from cislearn.models.stages import Stage


def with_dense(
    make: Layers, convolutions: Sequence[Stage], channels: int, positions: int, hidden: Sequence[int], dropout: float
) -> nn.Sequential:
    """Return stages of convolutions, whose last pooling is flattened here, with normalised dense stages behind them.

    Parameters
    ----------
    make : Layers
        Where layers come from; what makes a map blind to the strand comes before the flattening.
    convolutions : list of Stage
        Their poolings are sequences.
    channels, positions : int
        Of the last map.
    hidden : list of int
        Units of the dense layers.
    dropout : float
        Share of these that is hidden in training.
    """
    strands, channels = make.merge(channels, positions)
    convolutions[-1].pool.extend([*strands, nn.Flatten()])  # type: ignore[union-attr, operator]
    features = channels * (1 if strands and isinstance(strands[0], WeightedSum) else positions)
    stages = list(convolutions)
    for units in hidden:
        dense = make.dense(features, units)
        stages.append(Stage(dense, BatchNorm(units), make.activation(), nn.Dropout(dropout)))
        features = units
    return nn.Sequential(*stages)
