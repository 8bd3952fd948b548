"""Pairs a second of DeepREG's tensor product: a block contracted once a condition, against pair by pair.

`python -m benchmarks.two_towers`, a few minutes; on random promoters and regulators of the published sizes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

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


def seconds(step: Callable[[], Tensor], network: TwoTowers) -> tuple[float, float]:
    """Time a step forward and back; return seconds and the loss."""
    network.zero_grad(set_to_none=True)
    began = time.perf_counter()
    loss = step()
    loss.backward()
    return time.perf_counter() - began, float(loss.detach())


def main() -> None:
    """Time both ways on the same block and check that their losses and gradients are equal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--genes", type=int, default=128)
    parser.add_argument("--conditions", type=int, default=32)
    parser.add_argument("--pairs", type=int, default=100, help="in a batch of the plain way")
    parser.add_argument("--network", default="tensor_product")
    given = parser.parse_args()
    torch.manual_seed(0)
    network = TwoTowers(design_of(given.network), length=LENGTH, regulators=REGULATORS, genes=given.genes).eval()
    block = random_block(given.genes, given.conditions)
    n = given.genes * given.conditions
    of_block, loss = seconds(lambda: pair_loss(block_logits(network, block), block.labels), network)
    gradients = [weight.grad for weight in network.parameters()]
    places = torch.cartesian_prod(torch.arange(given.genes), torch.arange(given.conditions))
    sums: list[Tensor] = [torch.zeros_like(weight) for weight in network.parameters()]
    of_pairs = plain = 0.0
    for some in torch.split(places, given.pairs):
        pairs = pairs_at(block, *some.unbind(1))

        def step(pairs: Pairs = pairs) -> Tensor:
            return pair_loss(network(network.embed(pairs.tokens), pairs.regulators, pairs.genes), pairs.labels)

        took, its = seconds(step, network)
        of_pairs, plain = of_pairs + took, plain + its * len(some) / n
        for total, weight in zip(sums, network.parameters(), strict=True):
            total.add_(weight.grad, alpha=len(some) / n)
    worst = max(float((a - b).norm() / b.norm()) for a, b in zip(gradients, sums, strict=True))
    print(f"{given.network}, {given.genes} genes x {given.conditions} conditions, {torch.get_num_threads()} threads")
    print(f"block:         {n / of_block:10,.0f} pairs a second")
    print(f"pair by pair:  {n / of_pairs:10,.0f} pairs a second, {of_pairs / of_block:.0f} times less")
    print(f"losses differ by {abs(loss - plain) / plain:.1e}, gradients by {worst:.1e} of their norm at most")


if __name__ == "__main__":
    main()
