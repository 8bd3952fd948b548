"""How a difference from a reference is handed down through dense layers: DeepLIFT's two rules (Shrikumar et al. 2017).

A difference is a tuple of parts that add up to it: one for Rescale, what rises and what falls for RevealCancel.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

Parts = tuple[Tensor, ...]
SMALLEST = 1e-6
"""Difference at a ReLU below which its slope is taken in the place of a ratio."""


@runtime_checkable
class Rule(Protocol):
    """A rule of DeepLIFT; what it returns has the derivative, with respect to what went in, that is the multiplier."""

    def linear(self, parts: Parts, weight: Float[Tensor, "*g out in"]) -> Parts:
        """Hand a difference through a linear map."""

    def relu(self, parts: Parts, reference: Float[Tensor, "... units"]) -> Parts:
        """Hand a difference through a ReLU that reads `reference` without it."""


class Rescale:
    """The slope of a ReLU is that of the line from reference to input (section 3.5.1)."""

    def linear(self, parts: Parts, weight: Float[Tensor, "*g out in"]) -> Parts:
        """See `Rule.linear`."""
        (change,) = parts
        return (change @ weight.mT,)

    def relu(self, parts: Parts, reference: Float[Tensor, "... units"]) -> Parts:
        """See `Rule.relu`."""
        (change,) = parts
        return (_in_line(change, (reference + change).relu() - reference.relu(), reference),)


class RevealCancel:
    """What rises and what falls are told apart, and each is judged with and without the other (section 3.5.2)."""

    def linear(self, parts: Parts, weight: Float[Tensor, "*g out in"]) -> Parts:
        """See `Rule.linear`: section 3.4.1, where an input rises or falls as a whole."""
        change = torch.stack(parts).sum(dim=0)
        rises = (change > 0).to(weight)
        up, down = change * rises, change * (1 - rises)
        more, less = weight.clamp(min=0).mT, weight.clamp(max=0).mT
        return up @ more + down @ less, up @ less + down @ more

    def relu(self, parts: Parts, reference: Float[Tensor, "... units"]) -> Parts:
        """See `Rule.relu`: the mean of being added first and of being added last."""
        up, down = parts
        none, first, second, both = (
            each.relu() for each in (reference, reference + up, reference + down, reference + up + down)
        )
        return (
            _in_line(up, (first - none + both - second) / 2, reference),
            _in_line(down, (second - none + both - first) / 2, reference),
        )


RULES: dict[str, Rule] = {"rescale": Rescale(), "reveal_cancel": RevealCancel()}
"""By name."""


def _in_line(change: Tensor, becomes: Tensor, reference: Tensor) -> Tensor:
    """Return `becomes` as a multiple of `change`; the multiple itself has no derivative."""
    is_small = change.abs() < SMALLEST
    ratio = becomes / torch.where(is_small, torch.ones_like(change), change)
    return change * torch.where(is_small, (reference > 0).to(change), ratio).detach()
