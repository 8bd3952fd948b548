"""What is taken from a network to see what it lives on: promoters, regulators, or which promoter is whose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from cislearn.data.batch import PAD
from cislearn.data.expression.blocks import Block


def without_promoters(block: Block) -> Block:
    """Every promoter is N alone; which gene it is of may still be known."""
    return replace(block, tokens=torch.full_like(block.tokens, PAD))


def without_genes(block: Block) -> Block:
    """Neither promoter nor gene is known: regulators only."""
    return replace(without_promoters(block), genes=torch.full_like(block.genes, -1))


def without_regulators(block: Block) -> Block:
    """No regulator changes in any condition: sequence only."""
    return replace(block, regulators=torch.zeros_like(block.regulators))


def shuffled_promoters(block: Block) -> Block:
    """Every gene has the promoter of some gene, the same in all its pairs: it names the gene and says nothing of it."""
    order = torch.randperm(len(block.tokens), generator=torch.Generator().manual_seed(0))
    return replace(block, tokens=block.tokens[order])


ABLATIONS: dict[str, Callable[[Block], Block]] = {
    "regulators only": without_genes,
    "sequence only": without_regulators,
    "shuffled promoters": shuffled_promoters,
}
"""By name. A fourth is a network: the gene's identity in the place of its promoter."""
