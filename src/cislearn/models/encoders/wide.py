"""The encoder of the model that one keeps: many motif detectors, residual dilated convolutions, maximum and mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from cislearn.models.encoder import Encoder, register
from cislearn.models.first_filters import known_motifs
from cislearn.models.layers import Layers
from cislearn.models.layers import layers as layers_of
from cislearn.models.stages import Stage
from cislearn.schema import DataSpec


class Residual(nn.Module):
    """Two convolutions, the first dilated, whose result is added to their input (He et al. 2016).

    It begins as the identity: the scale of the last normalisation starts at 0, so that depth costs nothing until it
    pays (Goyal et al. 2017, section 5.1).

    Parameters
    ----------
    make : Layers
        Where layers come from.
    filters, width, dilation : int
        Of the convolutions; the second is not dilated.
    """

    def __init__(self, make: Layers, filters: int, width: int, dilation: int) -> None:
        super().__init__()
        channels = make.channels(filters)
        last = make.norm(channels)
        nn.init.zeros_(last.weight)  # type: ignore[arg-type]
        self.branch = nn.Sequential(
            make.conv(channels, filters, width, dilation=dilation, bias=False),
            make.norm(channels),
            make.activation(),
            make.conv(channels, filters, width, bias=False),
            last,
        )

    def forward(self, x: Float[Tensor, "n c length"]) -> Float[Tensor, "n c length"]:
        """Return the input plus what the branch makes of it."""
        return x + self.branch(x)


class Mean(nn.Module):
    """Mean of each channel over all positions: how often is it there."""

    def forward(self, x: Float[Tensor, "n c length"]) -> Float[Tensor, "n c"]:
        """Return the mean."""
        return x.mean(2)


class SideBySide(nn.Module):
    """What two modules make of a map, as one vector."""

    def __init__(self, one: nn.Module, other: nn.Module) -> None:
        super().__init__()
        self.one, self.other = one, other

    def forward(self, x: Float[Tensor, "n c length"]) -> Float[Tensor, "n f"]:
        """Return both."""
        return torch.cat([self.one(x), self.other(x)], dim=1)


def maximum_and_mean(make: Layers, channels: int, positions: int) -> SideBySide:
    """Return the maximum and the mean of each channel over all positions: how well is it there, and how often.

    Each is merged over the strands where there are two.
    """
    maximum, mean = make.global_pool(positions), Mean()
    return SideBySide(*(nn.Sequential(over, *make.merge(channels)[0]) for over in (maximum, mean)))


@register("wide")
class Wide(Encoder):
    """Motif detectors, a mixing of them, and residual blocks of growing reach: minutes a model on two cores.

    About half of the detectors begin as motifs that are known (`known_motifs`), another choice of them in each run, so
    that an ensemble covers more of them; all are trained. docs/results/defaults.md has what each part is worth.

    Parameters
    ----------
    length : int
        Window length in bp.
    in_channels : int
        Of the input: four bases, and those of the tracks. Known motifs leave the weights on tracks as they are.
    detectors : int
        Filters of the first convolution.
    detector_width : int
        Their width in bp, odd.
    known : float
        Share of the detectors that begin as JASPAR motifs of vertebrates; 0 for organisms that these say nothing of.
    channels : int
        Of all further convolutions.
    width : int
        Of the convolutions in the blocks, in positions, odd.
    dilations : list of int
        One a block: the first block runs at half the resolution, all others at a quarter.
    dropout : float
        Share of the features that is hidden in training.
    layers : {"channels_last", "plain"}
        Where the layers come from; the weights are the same. `reverse_complement: {train: equivariant}` takes others.
    """

    def __init__(
        self,
        length: int,
        in_channels: int = 4,
        /,
        *,
        detectors: int = 256,
        detector_width: int = 19,
        known: float = 0.5,
        channels: int = 128,
        width: int = 7,
        dilations: tuple[int, ...] | list[int] = (1, 2, 4),
        dropout: float = 0.3,
        layers: str | Mapping[str, Any] = "channels_last",
    ) -> None:
        super().__init__()
        if length < 4:
            raise ValueError(f"windows of {length} bp are shorter than the pooling of 4")
        if not 0 <= known <= 1:
            raise ValueError(f"known {known}: expected a share from 0 to 1")
        if not dilations:
            raise ValueError("there is no block: dilations is empty")
        make = layers_of(layers)
        first, further = make.channels(detectors), make.channels(channels)
        detect = make.first(in_channels, detectors, detector_width, bias=False)
        stored: Tensor = detect.weight.detach()  # type: ignore[operator]
        known_motifs(stored[:, :4], round(known * len(stored)))
        positions = length // 2
        # Activation after the maximum: the same values and gradients, on as many positions as are left.
        pooled = nn.Sequential(make.pool(2, length=length), make.activation())
        stages = [
            Stage(detect, make.norm(first), pool=pooled),
            Stage(make.conv(first, channels, 1, bias=False)),
        ]
        for number, dilation in enumerate(dilations):
            pool = make.pool(2, length=positions) if number == 0 else None
            stages.append(Stage(Residual(make, channels, width, dilation), None, make.activation(), pool))
        ending, last = maximum_and_mean(make, further, positions // 2), stages[-1]
        last.pool = ending if last.pool is None else nn.Sequential(last.pool, ending)
        self.stages = nn.Sequential(*stages)
        self.dropout = dropout

    def head(self, n_features: int, spec: DataSpec) -> nn.Sequential:
        """Return one linear map behind the dropout."""
        return nn.Sequential(Stage(nn.Sequential(nn.Dropout(self.dropout), nn.Linear(n_features, spec.n_logits))))
