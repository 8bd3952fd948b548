"""A network of two towers with its regulators held fixed: a network of promoters alone, which tools for those take."""

from __future__ import annotations

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from cislearn.models.two_towers.network import TwoTowers
from cislearn.models.two_towers.promoters import UNKNOWN
from cislearn.schema import DataSpec, TaskSpec

TASK = "log_ratio"
"""The one output, as attributions and motifs name it."""


class PromotersAlone(nn.Module):
    """The mean log ratio of promoters over some conditions, whose regulators are no input any more.

    Genes are new ones to it: what a gene's own number adds is the same for every promoter.

    Parameters
    ----------
    network : TwoTowers
        With one column; it stays as it is.
    regulators : Tensor, shape (C, R), float32
        Of each condition, as the promoters see them.
    """

    regulators: Tensor

    def __init__(self, network: TwoTowers, regulators: Float[Tensor, "c r"]) -> None:
        super().__init__()
        self.network = network
        self.training = network.training
        self.spec = DataSpec((TaskSpec(TASK, "regression"),), (), network.length)
        self.register_buffer("regulators", regulators)

    def embed(self, tokens: UInt8[Tensor, "n length"], tracks: None = None) -> Float[Tensor, "n 4 length"]:
        """Return one-hot promoters; there are no tracks."""
        found: Float[Tensor, "n 4 length"] = self.network.embed(tokens)
        return found

    def forward(self, x: Float[Tensor, "n 4 length"]) -> Float[Tensor, "n 1"]:
        """Return the mean over the conditions."""
        nobody = torch.full((len(x),), UNKNOWN, device=x.device)
        return self.network.block(x, self.regulators, nobody, nobody).mean(dim=1)
