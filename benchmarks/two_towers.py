"""Pairs a second of DeepREG's tensor product: a block contracted once a condition, against pair by pair.

`python -m benchmarks.two_towers`, a few minutes; on random promoters and regulators of the published sizes.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from cislearn.data.expression.blocks import Block, Pairs, pairs_at
from cislearn.models.two_towers import TwoTowers, design_of
from cislearn.objectives.expression import pair_loss
from cislearn.prediction.two_towers import block_logits

LENGTH, REGULATORS = 1000, 472


def random_block(genes: int, conditions: int) -> Block:
    """Return a block of random promoters, regulators and labels, all labels there; a tenth of the genes regulators."""
    own = torch.where(torch.arange(genes) % 10 == 0, torch.arange(genes) % REGULATORS, -1)
    return Block(
        torch.randint(4, (genes, LENGTH), dtype=torch.uint8),
        torch.randn(conditions, REGULATORS),
        own,
        torch.arange(genes),
        torch.randn(genes, conditions),
    )


def seconds(step: Callable[[], Tensor], network: TwoTowers) -> float:
    """Time a step forward and back."""
    network.zero_grad(set_to_none=True)
    began = time.perf_counter()
    step().backward()
    return time.perf_counter() - began


def disagreement(network: TwoTowers, block: Block) -> float:
    """Return by how much the gradients of both ways differ, as a share of their norm, in float64, and the losses."""
    twin = copy.deepcopy(network).double()
    block = replace(block, regulators=block.regulators.double(), labels=block.labels.double())
    one_hot, (n, m) = twin.embed(block.tokens).double(), block.labels.shape
    genes, conditions = torch.cartesian_prod(torch.arange(n), torch.arange(m)).unbind(1)
    seen = pairs_at(block, genes, conditions).regulators
    both = [
        pair_loss(twin.block(one_hot, block.regulators, block.own, block.genes), block.labels),
        pair_loss(twin(one_hot[genes], seen, block.genes[genes]), block.labels[genes, conditions]),
    ]
    first, second = (torch.autograd.grad(loss, list(twin.parameters())) for loss in both)
    return max(
        float((both[0] - both[1]).detach().abs() / both[1].detach()),
        *(float((x - y).norm() / y.norm().clamp_min(1e-12)) for x, y in zip(first, second, strict=True)),
    )


def main() -> None:
    """Time both ways and check that losses and gradients are equal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--genes", type=int, default=128)
    parser.add_argument("--conditions", type=int, default=163)
    parser.add_argument("--pairs", type=int, default=100, help="in a batch of the plain way, which is timed on some")
    parser.add_argument("--batches", type=int, default=3)
    parser.add_argument("--network", default="tensor_product")
    given = parser.parse_args()
    torch.manual_seed(0)
    network = TwoTowers(design_of(given.network), length=LENGTH, regulators=REGULATORS, genes=given.genes).eval()
    block = random_block(given.genes, given.conditions)
    print(f"{given.network}, {given.genes} genes x {given.conditions} conditions, {torch.get_num_threads()} threads")
    places = torch.cartesian_prod(torch.arange(given.genes), torch.arange(given.conditions))
    order = torch.randperm(len(places))
    took = []
    for k in range(given.batches):
        pairs = pairs_at(block, *places[order[k * given.pairs : (k + 1) * given.pairs]].unbind(1))

        def step(pairs: Pairs = pairs) -> Tensor:
            return pair_loss(network(network.embed(pairs.tokens), pairs.regulators, pairs.genes), pairs.labels)

        took.append(seconds(step, network) / len(pairs.labels))
    plain = 1 / min(took)
    fast = max(
        len(places) / seconds(lambda: pair_loss(block_logits(network, block), block.labels), network) for _ in "ab"
    )
    print(f"block:         {fast:10,.0f} pairs a second")
    print(f"pair by pair:  {plain:10,.0f} pairs a second, {fast / plain:.0f} times less")
    small = block.part(torch.arange(min(4, given.genes)), torch.arange(min(3, given.conditions)))
    print(f"losses and gradients differ by {disagreement(network, small):.0e} at most (float64)")


if __name__ == "__main__":
    main()
