"""A trained model made over for prediction: the same logits in less time."""

from __future__ import annotations

from copy import deepcopy

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from cislearn.models.encoder import Encoder
from cislearn.models.layers import ChannelsLastConv1d
from cislearn.models.network import Network
from cislearn.models.stages import Stage


def for_inference(model: nn.Module) -> nn.Module:
    """Return a copy of a trained model that predicts faster and can be neither trained nor attributed.

    A batch norm is folded into the linear map before it, which is equal to rounding. The rest is exact: weights are
    laid out once instead of at each call, and a maximum is taken before a ReLU, with the channels last in memory. What
    is not known here (a user's own module or ``forward``) stays as it is.
    """
    faster = deepcopy(model).eval().requires_grad_(False)
    for network in [module for module in faster.modules() if isinstance(module, Network)]:
        if type(network.encoder).forward is Encoder.forward:
            network.encoder.stages = nn.Sequential(*map(_faster, network.encoder.stages))
        network.head = nn.Sequential(*map(_faster, network.head))
    return faster


class PoolFirst(Stage):
    """A stage that pools before its activation: the same where it takes maxima and the activation never falls."""

    @property
    def parts(self) -> list[nn.Module]:
        """The parts that are there, in order."""
        return [part for part in (self.linear, self.norm, self.pool, self.activation) if part is not None]


class ImageConv(nn.Module):
    """A `ChannelsLastConv1d` whose weights lie in memory as the convolution wants them."""

    def __init__(self, conv: ChannelsLastConv1d) -> None:
        super().__init__()
        weight = conv.weight.unsqueeze(2).contiguous(memory_format=torch.channels_last)
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.bias = conv.bias
        self.dilation = (1, conv.dilation[0])
        self.padding = (0, (conv.kernel_size[0] - 1) * conv.dilation[0] // 2)

    def forward(self, x: Float[Tensor, "n c length"]) -> Float[Tensor, "n d length"]:
        """Return the convolution, of the same length, its channels last in memory."""
        image = x.unsqueeze(2).contiguous(memory_format=torch.channels_last)
        return nn.functional.conv2d(image, self.weight, self.bias, 1, self.padding, self.dilation).squeeze(2)


class ChannelsLastMaxPool1d(nn.Module):
    """`torch.nn.MaxPool1d` without overlap, several times faster where the channels lie last in memory.

    Theirs copies such input into the other layout and then compares one number at a time; here whole rows of channels
    are compared.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, x: Float[Tensor, "n c length"]) -> Float[Tensor, "n c pooled"]:
        """Return the maxima of each `width` positions; what is left at the end is left out."""
        pooled = x.shape[2] // self.width
        x = x[:, :, : pooled * self.width]
        if pooled == 1:
            return x.amax(2, keepdim=True)
        first, *others = (x[:, :, offset :: self.width] for offset in range(self.width))
        for other in others:
            first = torch.maximum(first, other)
        return first


def _faster(stage: nn.Module) -> nn.Module:
    if type(stage) is not Stage:
        return stage
    linear, norm, activation, pool = stage.linear, stage.norm, stage.activation, stage.pool
    if isinstance(norm, nn.BatchNorm1d) and norm.track_running_stats:
        if isinstance(linear, nn.Conv1d):
            linear, norm = fuse_conv_bn_eval(linear, norm), None
        elif isinstance(linear, nn.Linear):
            linear, norm = fuse_linear_bn_eval(linear, norm), None
    if not isinstance(linear, ChannelsLastConv1d):
        return Stage(linear, norm, activation, pool)
    pool = _faster_pool(pool)
    is_exchangeable = isinstance(activation, nn.ReLU) and _takes_maxima(pool)
    return (PoolFirst if is_exchangeable else Stage)(ImageConv(linear), norm, activation, pool)


def _faster_pool(pool: nn.Module | None) -> nn.Module | None:
    if type(pool) is nn.Sequential:
        return nn.Sequential(*(_faster_pool(part) for part in pool))  # type: ignore[arg-type]
    if isinstance(pool, nn.MaxPool1d):
        width, asks = pool.kernel_size, (pool.stride, pool.padding, pool.dilation, pool.ceil_mode, pool.return_indices)
        if isinstance(width, int) and asks == (width, 0, 1, False, False):
            return ChannelsLastMaxPool1d(width)
    return pool


def _takes_maxima(pool: nn.Module | None) -> bool:
    parts = list(pool) if isinstance(pool, nn.Sequential) else [pool]
    return all(isinstance(part, ChannelsLastMaxPool1d | nn.Flatten) for part in parts)
