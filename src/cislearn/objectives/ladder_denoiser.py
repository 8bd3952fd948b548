"""The estimate of one level of a ladder: its noisy values, corrected by what the level above says of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

AT_ONCE = 2**15
"""Numbers of a map that a CPU goes through at once, so that all that is made of them stays in its cache."""


class Denoiser(nn.Module):
    """Estimate of a clean level from the noisy one, where what is above says mean and spread.

    ``(lateral - mu(u)) v(u) + mu(u)`` with ``mu(u) = a1 sigmoid(a2 u + a3) + a4 u + a5`` and ``v(u)`` likewise of a6 to
    a10 (Rasmus et al. 2015, equation 1): the best guess if the values of a level are Gaussian given the level above.
    Ten parameters a channel, shared over positions; a2 and a7 begin at 1 and the others at 0, so that the estimate
    begins at 0.

    Parameters
    ----------
    channels : int
        Of the level.
    lateral : bool
        Whether the noisy level is read; without it the estimate is ``mu(u)``.
    """

    def __init__(self, channels: int, *, lateral: bool = True) -> None:
        super().__init__()
        first = torch.zeros(10, channels)
        first[[1, 6]] = 1.0
        self.a, self.lateral = nn.Parameter(first), lateral

    def forward(self, z: Float[Tensor, "n c *places"], u: Float[Tensor, "n c *places"]) -> Float[Tensor, "n c *places"]:
        """Return the estimate for lateral `z` and normalised signal from above `u`."""
        above = _rows(u)
        found: Tensor = _Estimate.apply(_rows(z), above, self.a) if self.lateral else _bend(above, self.a[:5]).value  # type: ignore[no-untyped-call]
        return found.view(len(u), *u.shape[2:], -1).movedim(-1, 1)


class _Bent(NamedTuple):
    """``a1 sigmoid + a4 u + a5``, and its sigmoid."""

    value: Tensor
    sigmoid: Tensor


def _bend(u: Float[Tensor, "m c"], a: Sequence[Tensor] | Float[Tensor, "5 c"]) -> _Bent:
    sigmoid = torch.sigmoid(torch.addcmul(a[2], a[1], u))
    return _Bent(torch.addcmul(torch.addcmul(a[4], a[3], u), a[0], sigmoid), sigmoid)


def _rows(z: Float[Tensor, "n c *places"]) -> Float[Tensor, "m c"]:
    """Return a row of channels for each position of each window; a view where the channels lie last in memory."""
    return z.movedim(1, -1).flatten(0, -2)


def _pieces(*maps: Float[Tensor, "m c"]) -> Iterator[tuple[Tensor, ...]]:
    """Cut maps into pieces that a cache holds; on other devices than CPUs leave them whole."""
    on_cpu, (n, channels) = maps[0].device.type == "cpu", maps[0].shape
    size = max(1, AT_ONCE // channels) if on_cpu else n
    return zip(*(each.split(size) for each in maps), strict=True)  # type: ignore[no-untyped-call]


class _Estimate(torch.autograd.Function):
    """The estimate and its slopes, piece by piece.

    Written by hand: automatic differentiation keeps a dozen maps of each level and fetches them from main memory in
    sixty operations, three times as long on CPUs.
    """

    @staticmethod
    def forward(ctx: Any, lateral: Tensor, above: Tensor, a: Float[Tensor, "10 c"]) -> Tensor:
        ctx.save_for_backward(lateral, above, a)
        estimate = torch.empty_like(above)
        for z, u, found in _pieces(lateral, above, estimate):
            mean = _bend(u, a[:5]).value
            torch.addcmul(mean, z - mean, _bend(u, a[5:]).value, out=found)
        return estimate

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        lateral, above, a = ctx.saved_tensors
        of_lateral, of_above, of_a = torch.empty_like(lateral), torch.zeros_like(above), torch.zeros_like(a)
        for g, z, u, of_z, of_u in _pieces(gradient, lateral, above, of_lateral, of_above):
            mean, spread = _bend(u, a[:5]), _bend(u, a[5:])
            torch.mul(g, spread.value, out=of_z)
            _add_slopes(of_u, of_a[:5], g - of_z, u, mean.sigmoid, a[:5])
            _add_slopes(of_u, of_a[5:], g * (z - mean.value), u, spread.sigmoid, a[5:])
        return of_lateral, of_above, of_a


def _add_slopes(of_u: Tensor, of_a: Tensor, gradient: Tensor, u: Tensor, sigmoid: Tensor, a: Tensor) -> None:
    """Add to `of_u` and `of_a` what a `gradient` of ``_bend(u, a)`` makes of them."""
    within = gradient * a[0] * (sigmoid - sigmoid.square())
    for of_row, product in zip(of_a, (gradient * sigmoid, within * u, within, gradient * u, gradient), strict=True):
        of_row += product.sum(0)
    of_u.addcmul_(gradient, a[3]).addcmul_(within, a[1])
