"""Windows beside their references, pair by pair: what the pairs of one window share is computed once."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from cislearn.models.convolution import BasesConv1d, ChannelsLastConv1d

SHARED = (nn.Conv1d, ChannelsLastConv1d, BasesConv1d)
"""Linear maps of which a row of the result is of one row alone. Exact types: a subclass may do anything."""

Convolve = Callable[[Float[Tensor, "rows c length"]], Float[Tensor, "rows d places"]]


class Pairs:
    """Which of the first half of the rows are the same window; the second half are its references."""

    def __init__(self) -> None:
        self.first = self.window = torch.zeros(0, dtype=torch.int64)

    def look_at(self, x: Float[Tensor, "two_n channels length"]) -> None:
        """Learn it from the input of a model: a window stands in rows one after the other, one a reference."""
        windows = x[: len(x) // 2]
        is_new = torch.ones(len(windows), dtype=torch.bool, device=x.device)
        is_new[1:] = (windows[1:] != windows[:-1]).flatten(1).any(1)
        self.first, self.window = is_new.nonzero()[:, 0], is_new.cumsum(0) - 1


def sharing_windows(model: nn.Module, pairs: Pairs) -> nn.Module:
    """Return a copy of a model, of the same weights, whose convolutions know that its rows are `pairs`.

    They read each window once, and hand back what DeepLIFT says of a pair once: by the rescale rule the multipliers of
    a window are those of its reference. That is half of the work of either way, or nearly. They stay what they are, for
    encoders that look at their weights.
    """
    shared = deepcopy(model, {id(weight): weight for weight in model.parameters()})
    for module in shared.modules():
        if type(module) in SHARED:
            module.forward = partial(convolve_pairs, module.forward, pairs)
    return shared


def convolve_pairs(
    convolve: Convolve, pairs: Pairs, x: Float[Tensor, "rows c length"]
) -> Float[Tensor, "rows d places"]:
    """Return the convolution of pairs; of rows that are none, by the convolution itself."""
    if len(x) != 2 * len(pairs.window):
        return convolve(x)
    found: Tensor = _OncePerWindow.apply(x, convolve, pairs)  # type: ignore[no-untyped-call]
    return found


class _OncePerWindow(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Float[Tensor, "two_n c length"], convolve: Convolve, pairs: Pairs
    ) -> Float[Tensor, "two_n d places"]:
        with torch.enable_grad():  # the convolution is linear: its derivative at the references is that at the windows
            ctx.references = x[len(x) // 2 :].detach().requires_grad_()
            ctx.answers = convolve(ctx.references)
        with torch.no_grad():
            return _below(convolve(x[pairs.first]), ctx.answers.detach(), pairs.window)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Float[Tensor, "two_n d places"]) -> tuple[Tensor | None, ...]:
        multipliers = gradient[: len(gradient) // 2]
        (found,) = torch.autograd.grad(ctx.answers, ctx.references, multipliers)
        return _below(found, found), None, None


def _below(upper: Tensor, lower: Tensor, rows: Tensor | None = None) -> Tensor:
    """Put `rows` of `upper` (or all) above `lower`, in the order in memory that `lower` has."""
    turned = not lower.is_contiguous()
    upper, lower = (part.transpose(1, 2) if turned else part for part in (upper, lower))
    both = torch.cat([upper if rows is None else upper[rows], lower])
    return both.transpose(1, 2) if turned else both
