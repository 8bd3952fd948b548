"""A stack of dilated residual blocks from the same factory as our encoders: what a wide network costs."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from cislearn.models.encoder import Encoder
from cislearn.models.layers import Layers, layers
from cislearn.models.stages import Stage


class Block(nn.Module):
    """Convolution of width 7, dilated, batch normalisation, ReLU; added to what came in."""

    def __init__(self, make: Layers, channels: int, dilation: int) -> None:
        super().__init__()
        self.conv = make.conv(channels, channels, 7, dilation=dilation, bias=False)
        self.norm, self.activation = make.norm(channels), make.activation()

    def forward(self, x: Float[Tensor, "n c length"]) -> Float[Tensor, "n c length"]:
        """Return the sum."""
        return x + self.activation(self.norm(self.conv(x)))


class Residual(Encoder):
    """Motif detectors of width 15, three blocks, the maximum over all positions.

    Parameters
    ----------
    length : int
        Window length in bp.
    channels : int
        Throughout.
    """

    def __init__(self, length: int, *, channels: int = 128) -> None:
        super().__init__()
        make = layers("channels_last")
        self.stages = nn.Sequential(
            Stage(make.conv(4, channels, 15), activation=make.activation()),
            *(Stage(Block(make, channels, dilation)) for dilation in (1, 2, 4)),
            Stage(nn.Identity(), pool=make.global_pool(length)),
        )
