"""Both strands at prediction: the average of the logits of a window and of its reverse complement."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class StrandAverage(nn.Module):
    """Mean of the logits on both strands ("post-hoc conjoined", Zhou et al. 2022).

    The two strands go through the model in two calls: joined on the batch axis they would break DeepLIFT.

    Parameters
    ----------
    model : nn.Module
        Maps one-hot windows ``(n, 4, length)`` in the order ACGT to logits that have no strand.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.spec = model.spec
        self.training = model.training  # who gives a wrapped network its mode back must not change it

    def embed(self, tokens: Tensor) -> Tensor:
        """Return the input of `forward` for tokens."""
        return self.model.embed(tokens)  # type: ignore[operator]

    def forward(self, x: Float[Tensor, "n 4 length"]) -> Float[Tensor, "n t"]:
        """Return the mean of the logits of ``x`` and of its reverse complement."""
        return (self.model(x) + self.model(x.flip(1, 2))) / 2


def strand_logits(model: nn.Module, x: Float[Tensor, "n 4 length"]) -> Float[Tensor, "n 2 t"]:
    """Return the logits of ``x`` and of its reverse complement, of the network within where `model` averages them."""
    network = model.model if isinstance(model, StrandAverage) else model
    return torch.stack([network(x), network(x.flip(1, 2))], dim=1)


class Ensemble(nn.Module):
    """Mean of the logits of several models of one spec (Lakshminarayanan et al. 2017, in logits)."""

    def __init__(self, members: list[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.spec = members[0].spec

    def embed(self, tokens: Tensor) -> Tensor:
        """Return the input of `forward` for tokens."""
        return self.members[0].embed(tokens)  # type: ignore[operator]

    def forward(self, x: Float[Tensor, "n 4 length"]) -> Float[Tensor, "n t"]:
        """Return the mean over the members."""
        total = self.members[0](x)
        for member in self.members[1:]:
            total = total + member(x)
        return total / len(self.members)
