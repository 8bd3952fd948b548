"""The encoder of the model that one keeps: many motif detectors, residual dilated convolutions, maximum and mean."""

from __future__ import annotations

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
    channels, width, dilation : int
        Of the convolutions; the second is not dilated.
    """

    def __init__(self, make: Layers, channels: int, width: int, dilation: int) -> None:
        super().__init__()
        last = make.norm(channels)
        nn.init.zeros_(last.weight)  # type: ignore[arg-type]
        self.branch = nn.Sequential(
            make.conv(channels, channels, width, dilation=dilation, bias=False),
            make.norm(channels),
            make.activation(),
            make.conv(channels, channels, width, bias=False),
            last,
        )

    def forward(self, x: Float[Tensor, "n c length"]) -> Float[Tensor, "n c length"]:
        """Return the input plus what the branch makes of it."""
        return x + self.branch(x)


class MaximumAndMean(nn.Module):
    """Maximum and mean of each channel over all positions, side by side: how well is it there, and how often."""

    def __init__(self, maximum: nn.Module) -> None:
        super().__init__()
        self.maximum = maximum

    def forward(self, x: Float[Tensor, "n c length"]) -> Float[Tensor, "n two_c"]:
        """Return both as one vector."""
        return torch.cat([self.maximum(x), x.mean(2)], dim=1)


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
        Where the layers come from; the weights are the same.
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
        layers: str = "channels_last",
    ) -> None:
        super().__init__()
        if length < 4:
            raise ValueError(f"windows of {length} bp are shorter than the pooling of 4")
        if not 0 <= known <= 1:
            raise ValueError(f"known {known}: expected a share from 0 to 1")
        if not dilations:
            raise ValueError("there is no block: dilations is empty")
        make = layers_of(layers)
        detect = make.conv(in_channels, detectors, detector_width, bias=False)
        known_motifs(detect.weight.detach()[:, :4], round(known * detectors))  # type: ignore[operator]
        stages = [
            Stage(detect, make.norm(detectors), make.activation(), make.pool(2)),
            Stage(make.conv(detectors, channels, 1, bias=False)),
        ]
        for number, dilation in enumerate(dilations):
            pool = make.pool(2) if number == 0 else None
            stages.append(Stage(Residual(make, channels, width, dilation), None, make.activation(), pool))
        stages[-1].pool = self._ending(make, stages[-1].pool, length // 4)
        self.stages = nn.Sequential(*stages)
        self.dropout = dropout

    def head(self, n_features: int, spec: DataSpec) -> nn.Sequential:
        """Return one linear map behind the dropout."""
        return nn.Sequential(Stage(nn.Sequential(nn.Dropout(self.dropout), nn.Linear(n_features, spec.n_logits))))

    @staticmethod
    def _ending(make: Layers, pool: nn.Module | None, positions: int) -> nn.Module:
        ending = MaximumAndMean(make.global_pool(positions))
        return ending if pool is None else nn.Sequential(pool, ending)
