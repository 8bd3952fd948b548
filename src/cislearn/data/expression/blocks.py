"""What a network of two towers is trained on: blocks of genes x conditions, or single pairs as published."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64, Shaped, UInt8
from torch import Tensor

from cislearn.data.dataset import Dataset
from cislearn.data.expression.regulators import Regulators


@dataclass(frozen=True)
class Block:
    """Genes x conditions; a whole dataset is one too. Each promoter and each condition is there once.

    Parameters
    ----------
    tokens : Tensor, shape (G, length), uint8
        Promoters.
    regulators : Tensor, shape (C, R), float32
        Of each condition.
    own : Tensor, shape (G,), int64
        Which regulator a gene is itself and may not see, -1 for none.
    genes : Tensor, shape (G,), int64
        Rows of the dataset; -1 for a gene that is new.
    labels : Tensor, shape (G, C), float32
        Log ratios; NaN where there is none, or where it may not be seen.
    """

    tokens: UInt8[Tensor, "g length"]
    regulators: Float[Tensor, "c r"]
    own: Int64[Tensor, " g"]
    genes: Int64[Tensor, " g"]
    labels: Float[Tensor, "g c"]

    @classmethod
    def of(cls, dataset: Dataset, regulators: Regulators, *, own: str = "masked") -> Block:
        """Gather a dataset of expression, with a gene's own regulator ``masked`` or ``kept``."""
        genes = np.arange(len(dataset))
        itself = regulators.own if own == "masked" else np.full(len(genes), -1)
        return cls(
            torch.from_numpy(dataset.sequences.gather(genes).copy()),
            torch.from_numpy(np.ascontiguousarray(regulators.values.T)),
            torch.from_numpy(itself.copy()),
            torch.from_numpy(genes),
            torch.from_numpy(dataset.labels_float(genes).copy()),
        )

    def seeing(self, labels: Shaped[np.ndarray, "g c"], mask: Bool[np.ndarray, "g c"]) -> Block:
        """Return it with `labels` where the mask is, and none elsewhere."""
        return replace(self, labels=torch.from_numpy(np.where(mask, labels, np.nan).astype(np.float32)))

    def part(self, genes: Int64[Tensor, " h"], conditions: Int64[Tensor, " d"]) -> Block:
        """Return the block of some genes and conditions."""
        return Block(
            self.tokens[genes],
            self.regulators[conditions],
            self.own[genes],
            self.genes[genes],
            self.labels[genes[:, None], conditions],
        )

    def to(self, device: torch.device) -> Block:
        """Return it on a device."""
        return Block(*(each.to(device) for each in vars(self).values()))


@dataclass(frozen=True)
class Pairs:
    """Single pairs, each with a promoter and regulators of its own: the batches of the publication.

    Parameters
    ----------
    tokens : Tensor, shape (B, length), uint8
        Promoters.
    regulators : Tensor, shape (B, R), float32
        As the pair sees them.
    genes : Tensor, shape (B,), int64
        Rows of the dataset.
    labels : Tensor, shape (B,), float32
        All of them there.
    """

    tokens: UInt8[Tensor, "b length"]
    regulators: Float[Tensor, "b r"]
    genes: Int64[Tensor, " b"]
    labels: Float[Tensor, " b"]

    def to(self, device: torch.device) -> Pairs:
        """Return them on a device."""
        return Pairs(*(each.to(device) for each in vars(self).values()))


def blocks(seen: Block, *, genes: int, conditions: int, seed: int) -> Iterator[Block]:
    """Yield all labels that are `seen` once, in blocks of so many genes and conditions at most, in random order.

    Genes and conditions without any label are in no block. A block is a function of the seed and its number alone.
    """
    has_label = ~seen.labels.isnan()
    rng = np.random.default_rng(seed)
    rows, columns = (_shuffled(has_label.any(dim=axis), rng) for axis in (1, 0))
    places = [
        (rows[i : i + genes], columns[j : j + conditions])
        for i in range(0, len(rows), genes)
        for j in range(0, len(columns), conditions)
    ]
    for k in rng.permutation(len(places)):
        block = seen.part(*places[k])
        if not block.labels.isnan().all():
            yield block


def pairs(seen: Block, *, size: int, seed: int) -> Iterator[Pairs]:
    """Yield all labels that are `seen` once, in batches of single pairs in random order, as published."""
    places = (~seen.labels.isnan()).nonzero()
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(places)))
    for chosen in torch.split(order, size):
        yield pairs_at(seen, *places[chosen].unbind(1))


def pairs_at(block: Block, genes: Int64[Tensor, " b"], conditions: Int64[Tensor, " b"]) -> Pairs:
    """Return pairs of a block, each with what it may see of the regulators."""
    regulators, own = block.regulators[conditions], block.own[genes]
    blind = (own >= 0).nonzero().squeeze(1)
    regulators[blind, own[blind]] = 0.0
    return Pairs(block.tokens[genes], regulators, block.genes[genes], block.labels[genes, conditions])


def _shuffled(is_there: Tensor, rng: np.random.Generator) -> Int64[Tensor, " n"]:
    return torch.from_numpy(rng.permutation(is_there.nonzero().squeeze(1).numpy()))
