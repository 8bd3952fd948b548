"""A trained model made over for prediction: the same logits in less time."""

from __future__ import annotations

from copy import deepcopy

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from cislearn.models.convolution import BasesConv1d, ChannelsLastConv1d, as_image
from cislearn.models.encoder import Encoder
from cislearn.models.equivariant import EquivariantBatchNorm, EquivariantConv1d
from cislearn.models.network import Network
from cislearn.models.stages import Stage

FEW = 16
"""Channels of an input below which its gradient is slow with the channels last: these fill no register."""


def for_gradients(model: nn.Module) -> nn.Module:
    """Return a copy of a trained model that has its gradients at the bases faster, and has lost what trains.

    As `for_inference`, but for two things that are fast forward and slow backward: maxima are PyTorch's own, and the
    convolution over the bases goes back in the plain layout (`BasesConv1d`).
    """
    faster = _made_over(model)
    for module in list(faster.modules()):
        for name, part in module.named_children():
            if type(part) is ChannelsLastConv1d and part.in_channels < FEW:
                setattr(module, name, BasesConv1d.of(part))
    return faster


def for_inference(model: nn.Module) -> nn.Module:
    """Return a copy of a trained model that predicts faster and is for nothing else: it has lost what trains.

    The batch norm of a stage is folded into its linear map, which is equal to rounding. The rest is exact: filters that
    are tied between the strands are written out, weights are laid out once instead of at each call, maxima are taken
    with the channels last in memory, and before a ReLU. What is not known here, such as a user's own ``forward``, stays
    as it is.
    """
    faster = _made_over(model)
    for module in list(faster.modules()):
        for name, part in module.named_children():
            if _takes_all_maxima(part):
                setattr(module, name, LayoutMaxPool1d(part.kernel_size, part.stride))  # type: ignore[arg-type]
    return faster


def _made_over(model: nn.Module) -> nn.Module:
    """Return a frozen copy with its filters written out, its norms folded and its weights laid out."""
    faster = deepcopy(model).eval().requires_grad_(False)
    _untie(faster)
    for network in [module for module in faster.modules() if isinstance(module, Network)]:
        runs_its_stages = type(network.encoder).forward is Encoder.forward
        for stage in [*(network.encoder.stages if runs_its_stages else ()), *network.head]:
            if type(stage) is Stage:
                _fold_norm(stage)
                _pool_first(stage)
    for module in list(faster.modules()):
        if isinstance(module, ChannelsLastConv1d):
            _lay_out(module)
    return faster


class LayoutMaxPool1d(nn.MaxPool1d):
    """`torch.nn.MaxPool1d`, several times faster where the channels lie last in memory.

    PyTorch's copies such windows into the other layout and compares one number at a time; here all channels of a
    position are compared at once.
    """

    def forward(self, x: Float[Tensor, "n c length"]) -> Float[Tensor, "n c pooled"]:
        """Return the maxima of `kernel_size` positions every `stride`; what is left at the end is left out."""
        width, stride = int(self.kernel_size), int(self.stride)  # type: ignore[arg-type]
        if x.is_contiguous() or x.shape[2] < width:
            return super().forward(x)
        pooled = (x.shape[2] - width) // stride + 1
        if pooled == 1:
            return x[:, :, :width].amax(2, keepdim=True)
        reach = (pooled - 1) * stride + 1
        largest, *others = (x[:, :, offset : offset + reach : stride] for offset in range(width))
        for other in others:
            largest = torch.maximum(largest, other)
        return largest


def _untie(model: nn.Module) -> None:
    """Put ordinary layers in the place of those that make their filters, or statistics, anew from half of them."""
    for module in list(model.modules()):
        for name, part in module.named_children():
            if isinstance(part, EquivariantConv1d | EquivariantBatchNorm):
                setattr(module, name, part.untied().requires_grad_(False))


def _fold_norm(stage: Stage) -> None:
    linear, norm = stage.linear, stage.norm
    if not isinstance(norm, nn.BatchNorm1d) or norm.running_mean is None:
        return
    if isinstance(linear, nn.Conv1d):
        stage.linear, stage.norm = fuse_conv_bn_eval(linear, norm), None
    elif isinstance(linear, nn.Linear):
        stage.linear, stage.norm = fuse_linear_bn_eval(linear, norm), None


def _pool_first(stage: Stage) -> None:
    """The maximum of what a ReLU gives is the ReLU of the maximum, of fewer numbers."""
    activation, pool = stage.activation, stage.pool
    parts = list(pool) if type(pool) is nn.Sequential else [pool]
    if isinstance(activation, nn.ReLU) and all(type(part) in (nn.MaxPool1d, nn.Flatten) for part in parts):
        stage.activation, stage.pool = None, nn.Sequential(*parts, activation)


def _lay_out(conv: ChannelsLastConv1d) -> None:
    """Give the weights, as they are, the order in memory that ``forward`` would else copy them into."""
    image = as_image(conv.weight)
    conv.weight = nn.Parameter(image.squeeze(2), requires_grad=False)


def _takes_all_maxima(pool: nn.Module) -> bool:
    """Whether it takes the maxima of windows, without padding, gaps or places."""
    if type(pool) is not nn.MaxPool1d or not isinstance(pool.kernel_size, int) or not isinstance(pool.stride, int):
        return False
    return (pool.padding, pool.dilation, pool.ceil_mode, pool.return_indices) == (0, 1, False, False)
