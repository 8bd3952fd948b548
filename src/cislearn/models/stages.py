"""The stage: linear map, normalisation, activation, pooling. Encoders and heads are lists of them."""

from __future__ import annotations

from torch import Tensor, nn


class Stage(nn.Module):
    """One step of a network, its four parts apart so that a ladder or a summary can reach each.

    Parameters
    ----------
    linear : nn.Module
        Convolution, fully connected map, or a whole branched block.
    norm, activation, pool : nn.Module, optional
        Applied in this order; None leaves one out.
    """

    def __init__(
        self,
        linear: nn.Module,
        norm: nn.Module | None = None,
        activation: nn.Module | None = None,
        pool: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.linear, self.norm, self.activation, self.pool = linear, norm, activation, pool

    @property
    def parts(self) -> list[nn.Module]:
        """The parts that are there, in order."""
        return [part for part in (self.linear, self.norm, self.activation, self.pool) if part is not None]

    def forward(self, x: Tensor) -> Tensor:
        """Apply the parts in order."""
        for part in self.parts:
            x = part(x)
        return x
