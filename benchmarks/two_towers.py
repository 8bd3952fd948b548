"""DeepREG's networks on blocks of genes x conditions against single pairs: pairs a second, and what a minute learns."""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.measuring import Measure, compare, interleave
from benchmarks.results import Result, keep
from cislearn.data.dataset import read_dataset
from cislearn.data.expression.blocks import Block, pairs_at
from cislearn.experiment.expression import Materials
from cislearn.models.two_towers import TwoTowers, design_of
from cislearn.objectives.expression import pair_loss
from cislearn.prediction.two_towers import block_logits, predict_block
from cislearn.training.optimisers import build_optimiser
from cislearn.training.two_towers.fit import steps
from cislearn.training.two_towers.plan import SAMPLERS, Plan, Sampler, recipe_of

LENGTH, REGULATORS = 1000, 472
SAME = 1e-9
"""By which share of their norm gradients of both ways may differ, in float64."""
LEARNED = ("tensor_product", "concatenation")
CPU = torch.device("cpu")
SPEED = """\
A step is forward and backward, on random promoters and regulators of the published sizes: {genes} genes x {conditions}
conditions as one block, whose promoters are read once and whose regulators are contracted once a condition, against
batches of {pairs} single pairs, each computed by itself. Before anything is timed, losses and gradients of both ways
agree within 1e-9, in float64."""
EQUAL_TIME = """\
{n} genes of yeast (Gasch 2000), split by pair: {trained:,} pairs to train on, {valid:,} to validate by, whose
variance is {variance:.3f}. Each way trains for {seconds:.0f} seconds from the same first weights, with its own recipe
(`RECIPES`, `block_recipe`) at the learning rate that this begins with; *error* is the squared error of the validation
pairs then."""


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


def speeds(network: TwoTowers, block: Block, size: int) -> dict[str, Measure]:
    """Return what takes a step either way, and gives pairs a second.

    Raises
    ------
    RuntimeError
        Where the two ways do not agree.
    """
    off = disagreement(network, block.part(torch.arange(4), torch.arange(3)))
    if off > SAME:
        raise RuntimeError(f"losses and gradients of both ways differ by {off:.2g}")
    places = torch.cartesian_prod(torch.arange(len(block.tokens)), torch.arange(len(block.regulators)))
    pairs = pairs_at(block, *places[torch.randperm(len(places))[:size]].unbind(1))
    return {
        "single pairs": lambda: _rate(
            network,
            lambda: pair_loss(network(network.embed(pairs.tokens), pairs.regulators, pairs.genes), pairs.labels),
            len(pairs.labels),
        ),
        "block": lambda: _rate(network, lambda: pair_loss(block_logits(network, block), block.labels), len(places)),
    }


def _rate(network: TwoTowers, loss: Callable[[], Tensor], n: int) -> float:
    network.zero_grad(set_to_none=True)
    began = time.perf_counter()
    loss().backward()
    return n / (time.perf_counter() - began)


def learned(network: str, sampler: Sampler, seen: Block, judged: Block, seconds: float) -> Mapping[str, object]:
    """Train a network for so many seconds; return its row: steps, pairs a second, and the error on `judged`."""
    torch.manual_seed(0)
    plan = recipe_of(network, sampler)
    length, regulators = seen.tokens.shape[1], seen.regulators.shape[1]
    made = TwoTowers(design_of(network), length=length, regulators=regulators, genes=len(seen.genes)).train()
    optimiser = build_optimiser(plan.optimiser, made.parameters())
    n_steps, n_pairs, began = 0, 0, time.perf_counter()
    for logits, labels in _epochs(made, seen, plan):
        optimiser.zero_grad(set_to_none=True)
        pair_loss(logits, labels).backward()
        optimiser.step()
        n_steps, n_pairs = n_steps + 1, n_pairs + int((~labels.isnan()).sum())
        if time.perf_counter() - began >= seconds:
            break
    took = time.perf_counter() - began
    error = float(pair_loss(predict_block(made, judged, CPU), judged.labels))
    return {"network": network, "batches": sampler, "steps": n_steps, "pairs/s": n_pairs / took, "error": error}


def _epochs(network: TwoTowers, seen: Block, plan: Plan) -> Iterator[tuple[Tensor, Tensor]]:
    for seed in count():
        yield from steps(network, seen, plan, seed, CPU)


def main() -> None:
    """Measure both and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="a dataset of yeast's expression (`cislearn prepare --expression`)")
    parser.add_argument("--genes", type=int, default=128)
    parser.add_argument("--conditions", type=int, default=163)
    parser.add_argument("--pairs", type=int, default=100, help="in a batch of single ones")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--subset", type=int, default=300, help="genes that are trained on")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each training")
    given = parser.parse_args()
    torch.manual_seed(0)
    network = TwoTowers(design_of(LEARNED[0]), length=LENGTH, regulators=REGULATORS, genes=given.genes).eval()
    contenders = speeds(network, random_block(given.genes, given.conditions), given.pairs)
    rates = compare(interleave(contenders, given.rounds), "single pairs", unit="pairs/s")
    materials = Materials.of(read_dataset(given.data))
    materials = materials.some_genes(given.subset / len(materials.labels))
    fold = materials.folds("pair")[0]
    seen, judged = (materials.block.seeing(materials.labels, mask) for mask in (fold.train, fold.valid))
    rows = [learned(each, way, seen, judged, given.seconds) for each in LEARNED for way in SAMPLERS]
    (n, trained), valid = (len(seen.genes), int((~seen.labels.isnan()).sum())), judged.labels[~judged.labels.isnan()]
    told = EQUAL_TIME.format(n=n, trained=trained, valid=len(valid), variance=float(valid.var()), seconds=given.seconds)
    keep(
        [
            Result(
                "two_towers", "Two towers: pairs a second of the tensor product", SPEED.format(**vars(given)), rates
            ),
            Result("two_towers", "Two towers: blocks against single pairs in equal time", told, rows),
        ],
        "two_towers",
    )


if __name__ == "__main__":
    main()
