"""A trained network of two towers on a whole block: logits of every gene in every condition."""

from __future__ import annotations

import torch
from jaxtyping import Float, Float32
from torch import Tensor

from cislearn.data.expression.blocks import Block
from cislearn.models.two_towers.network import TwoTowers

GENES = 128
"""Promoters read at a time."""
CONDITIONS = 64
"""Conditions contracted at a time: the published tensor product makes half a megabyte of each."""


def block_logits(network: TwoTowers, block: Block) -> Float[Tensor, "g c columns"]:
    """Return the logits of all pairs of a block on its device; a promoter is read once for `CONDITIONS` of them."""
    embedded = network.embed(block.tokens)
    return network.block(embedded, block.regulators, block.own, block.genes)


@torch.no_grad()
def predict_block(network: TwoTowers, block: Block, device: torch.device) -> Float32[Tensor, "g c columns"]:
    """Return the logits of all pairs, on the CPU, in evaluation mode, a piece at a time."""
    network.eval()
    genes = torch.split(torch.arange(len(block.tokens)), GENES)
    conditions = torch.split(torch.arange(len(block.regulators)), CONDITIONS)
    rows = []
    for some in genes:
        row = [block_logits(network, block.part(some, those).to(device)).cpu() for those in conditions]
        rows.append(torch.cat(row, dim=1))
    return torch.cat(rows)
