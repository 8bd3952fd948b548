"""The convolution of DANN_TF, of height 4 over an image of four rows: no row of zeros is stored or multiplied."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F


class FourRowConv2d(nn.Conv2d):
    """`torch.nn.Conv2d` with a kernel 4 x `width` over an image of 4 rows, padded as TensorFlow's "SAME".

    That is one row of zeros above and two below. Weights are those of `torch.nn.Conv2d`, and so are the numbers, to
    rounding. In memory the channels come last, here and in what follows: on CPUs pooling alone is ten times faster so.

    Parameters
    ----------
    c_in, c_out : int
        Channels.
    width : int
        Of the kernel, odd.
    """

    def __init__(self, c_in: int, c_out: int, width: int) -> None:
        super().__init__(c_in, c_out, (4, width))

    def forward(self, x: Float[Tensor, "n c 4 length"]) -> Float[Tensor, "n d 4 length"]:
        """Return the convolution, of the same height and length."""
        columns = self.kernel_size[1] // 2
        if self.in_channels == 1:
            # The four rows that an output row sees become four channels: oneDNN is slow with a single one.
            rows = F.pad(x[:, 0], (0, 0, 1, 2)).unfold(1, 4, 1).contiguous().permute(0, 3, 1, 2)
            return F.conv2d(rows, self.weight.transpose(1, 2), self.bias, 1, (0, columns))
        if x.device.type != "cpu":
            return F.conv2d(F.pad(x, (columns, columns, 1, 2)), self.weight, self.bias)
        assert self.bias is not None
        dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype
        parts = (part.to(dtype) for part in (x, self.weight, self.bias))
        return _FourRows.apply(*parts)  # type: ignore[no-untyped-call]


class _FourRows(torch.autograd.Function):
    """A convolution of height 3, which needs a row of zeros on either side, and the kernel's last row.

    The zeros are the library's to skip where they are the same on both sides. The last row looks two rows down, so that
    rows 0 and 1 alone see anything by it. 12 products of rows in all, of the 16 with rows of zeros. Written by hand
    since PyTorch's own way back through the two halves copies all of them.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        x = x.contiguous(memory_format=torch.channels_last)
        ctx.save_for_backward(x, weight)
        columns = weight.shape[3] // 2
        y = F.conv2d(x, weight[:, :, :3], bias, 1, (1, columns))
        y[:, :, :2] += F.conv2d(x[:, :, 2:], weight[:, :, 3:], None, 1, (0, columns))
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        to_x, to_weight, to_bias = ctx.needs_input_grad
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        of_x, upper, of_bias = _back(gradient, x, weight[:, :, :3], 1, (to_x, to_weight, to_bias))
        of_two, lower, _ = _back(gradient[:, :, :2], x[:, :, 2:], weight[:, :, 3:], 0, (to_x, to_weight, False))
        if of_x is not None and of_two is not None:
            of_x[:, :, 2:] += of_two
        return of_x, None if upper is None or lower is None else torch.cat([upper, lower], dim=2), of_bias


def _back(
    gradient: Tensor, x: Tensor, weight: Tensor, rows: int, wanted: tuple[bool, bool, bool]
) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
    """Return the gradients with respect to input, weight and bias, None where they are not wanted."""
    gradient, x = (part.contiguous(memory_format=torch.channels_last) for part in (gradient, x))
    padding = [rows, weight.shape[3] // 2]
    return torch.ops.aten.convolution_backward(
        gradient, x, weight, [len(weight)], [1, 1], padding, [1, 1], False, [0, 0], 1, list(wanted)
    )
