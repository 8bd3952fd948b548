"""The convolution along the sequence, computed with the channels last in memory."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.grad import conv1d_input


def as_image(z: Float[Tensor, "n c length"]) -> Float[Tensor, "n c 1 length"]:
    """Return images of height 1 whose channels lie last in memory."""
    return z.unsqueeze(2).contiguous(memory_format=torch.channels_last)


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
    return nn.functional.conv2d(as_image(x), as_image(weight), bias, 1, (0, padding), (1, dilation)).squeeze(2)


class ChannelsLastConv1d(nn.Conv1d):
    """`torch.nn.Conv1d` with the same weights, by `convolve`."""

    def forward(self, x: Float[Tensor, "n c length"]) -> Float[Tensor, "n d places"]:
        """Return the convolution."""
        return convolve(x, self.weight, self.bias, int(self.padding[0]), self.dilation[0])


class ChannelsLastConvTranspose1d(nn.ConvTranspose1d):
    """`torch.nn.ConvTranspose1d` with the same weights, computed with the channels last in memory.

    Maps of both layouts in one chain of operations cost ten times what each operation costs on maps of one.
    """

    def forward(self, x: Float[Tensor, "n c places"]) -> Float[Tensor, "n d length"]:  # type: ignore[override]
        """Return the deconvolution."""
        further, padding, stride = int(self.output_padding[0]), int(self.padding[0]), int(self.stride[0])
        made = nn.functional.conv_transpose2d(
            as_image(x), as_image(self.weight), self.bias, (1, stride), (0, padding), (0, further)
        )
        return made.squeeze(2)


class BasesConv1d(ChannelsLastConv1d):
    """The same for an input of few channels and frozen filters: what goes back to it goes in the plain layout.

    With the channels last the gradient at four bases takes three times as long on CPUs.
    """

    @classmethod
    def of(cls, conv: ChannelsLastConv1d) -> BasesConv1d:
        """Return such a layer with the filters of `conv`."""
        made = cls(conv.in_channels, conv.out_channels, conv.kernel_size, 1, conv.padding, conv.dilation)  # type: ignore[arg-type]
        made.weight, made.bias = conv.weight, conv.bias
        return made.train(conv.training)

    def forward(self, x: Float[Tensor, "n c length"]) -> Float[Tensor, "n d places"]:
        """Return the convolution."""
        padding, dilation = int(self.padding[0]), self.dilation[0]
        found: Tensor = _BackInPlainLayout.apply(x, self.weight, self.bias, padding, dilation)  # type: ignore[no-untyped-call]
        return found


class _BackInPlainLayout(torch.autograd.Function):
    """`convolve`, with a gradient for its input alone."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, padding: int, dilation: int
    ) -> Float[Tensor, "n d places"]:
        ctx.save_for_backward(weight)
        ctx.shape, ctx.padding, ctx.dilation = x.shape, padding, dilation
        return convolve(x, weight, bias, padding, dilation)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (weight,) = ctx.saved_tensors
        filters, answers = weight.contiguous(), gradient.contiguous()
        shape, padding, dilation = ctx.shape, ctx.padding, ctx.dilation
        found: Tensor = conv1d_input(shape, filters, answers, 1, padding, dilation)  # type: ignore[no-untyped-call]
        return found, None, None, None, None


class Turned(nn.Module):
    """A convolution with its filters reversed along some axes; its weights are those of the convolution.

    Parameters
    ----------
    conv : nn.Conv1d
        Which stays where it is: its weights are saved and counted there.
    axes : tuple of int
        Of its weights: 1 for the bases, 2 for their places.
    """

    def __init__(self, conv: nn.Conv1d, axes: tuple[int, ...]) -> None:
        super().__init__()
        self._held, self.axes = (conv,), axes

    @property
    def conv(self) -> nn.Conv1d:
        """The convolution."""
        return self._held[0]

    def forward(self, x: Float[Tensor, "n c length"]) -> Float[Tensor, "n f length"]:
        """Return what the filters, turned, say of each place."""
        return convolve(x, self.conv.weight.flip(self.axes), self.conv.bias, int(self.conv.padding[0]), 1)
