"""The convolution along the sequence, computed with the channels last in memory."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


def convolve(
    x: Float[Tensor, "n c length"],
    weight: Float[Tensor, "d c width"],
    bias: Float[Tensor, " d"] | None,
    padding: int,
    dilation: int,
) -> Float[Tensor, "n d places"]:
    """Return the convolution that `torch.nn.functional.conv1d` returns, to rounding.

    Computed as a 2-D convolution with the channels last: about twice as fast in training on CPUs.
    """
    image, kernel = (part.unsqueeze(2).contiguous(memory_format=torch.channels_last) for part in (x, weight))
    return nn.functional.conv2d(image, kernel, bias, 1, (0, padding), (1, dilation)).squeeze(2)


class ChannelsLastConv1d(nn.Conv1d):
    """`torch.nn.Conv1d` with the same weights, by `convolve`."""

    def forward(self, x: Float[Tensor, "n c length"]) -> Float[Tensor, "n d places"]:
        """Return the convolution."""
        return convolve(x, self.weight, self.bias, int(self.padding[0]), self.dilation[0])
