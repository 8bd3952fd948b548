"""What each regulator is worth to the prediction of each gene, against the background in which none changes.

Promoters are held fixed, so a merge that is linear in the regulators is a linear map of its own for each gene, and what
is left are dense layers. Without a ReLU among them contributions are gradient x input, exact under every rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Float64
from torch import Tensor, nn

from cislearn.data.expression.ablations import without_regulators
from cislearn.data.expression.blocks import Block
from cislearn.errors import UserError
from cislearn.explain.expression.rules import Parts, Rule
from cislearn.models.two_towers import TwoTowers
from cislearn.models.two_towers.merges import Concatenation, Product, TensorProduct
from cislearn.models.two_towers.network import without_own
from cislearn.prediction.two_towers import block_logits

LINEAR = (TensorProduct, Concatenation, Product)
"""Merges that are linear in the regulators once the promoter is given."""
GENES = 32
"""Genes at a time: the maps of 32 genes of the published tensor product are 31 MB."""
BOUND, NEGLIGIBLE = 1e-3, 1e-4
"""Share of all that is handed out by which a sum may miss the difference, and what it may miss anyway (log2)."""


@dataclass(frozen=True)
class Affine:
    """A linear map with offsets, the same for all genes or one a gene, and whether a ReLU follows."""

    weight: Float[Tensor, "*g out in"]
    offset: Float[Tensor, "... out"]
    has_relu: bool = False


class Worth(NamedTuple):
    """What regulators are worth.

    Parameters
    ----------
    size : Tensor, shape (genes, regulators), float64
        Mean over conditions of the absolute contribution, in log2.
    slope : Tensor, shape (genes, regulators), float64
        Contribution for each log2 that the regulator changes, by least squares over conditions; 0 where it never does.
    """

    size: Float64[Tensor, "g r"]
    slope: Float64[Tensor, "g r"]


def worth_of_regulators(network: TwoTowers, block: Block, rule: Rule, device: torch.device) -> Worth:
    """Sum up the contributions of all pairs of a block, some genes at a time.

    Raises
    ------
    UserError
        As `contributions`.
    """
    network, conditions = network.to(device).eval(), torch.arange(len(block.regulators))
    sizes, slopes = [], []
    for genes in torch.split(torch.arange(len(block.tokens)), GENES):
        some = block.part(genes, conditions).to(device)
        seen = _seen(some)
        found = contributions(network, some, rule)
        sizes.append(found.abs().double().mean(dim=1).cpu())
        squares = seen.square().double().sum(dim=1)
        slope = (found * seen).double().sum(dim=1) / torch.where(squares > 0, squares, torch.ones_like(squares))
        slopes.append(slope.cpu())
    return Worth(torch.cat(sizes), torch.cat(slopes))


def strongest(worth: Worth, genes: Sequence[str], regulators: Sequence[str], most: int) -> pd.DataFrame:
    """Return the pairs of regulator and gene with the greatest contributions, the greatest first.

    Columns ``regulator``, ``gene``, and ``size`` and ``slope`` as in `Worth`.
    """
    size, slope = worth.size.numpy(), worth.slope.numpy()
    order = np.argsort(-size, axis=None, kind="stable")[:most]
    rows, places = np.unravel_index(order, size.shape)
    return pd.DataFrame(
        {
            "regulator": [regulators[place] for place in places],
            "gene": [genes[row] for row in rows],
            "size": size[rows, places],
            "slope": slope[rows, places],
        }
    )


def contributions(network: TwoTowers, block: Block, rule: Rule) -> Float[Tensor, "g c r"]:
    """Return what each regulator adds to the log ratio of each pair, on the device of both.

    They add up to the prediction less that of a condition in which no regulator changes.

    Raises
    ------
    UserError
        Where the merge is not linear in the regulators, or sums miss the difference by more than `BOUND`.
    """
    seen = _seen(block).requires_grad_()
    with torch.no_grad():
        layers = _layers(network, block)
        reference = seen.new_zeros(1, seen.shape[2])
    parts: Parts = (seen,)
    for layer in layers:
        parts = rule.linear(parts, layer.weight)
        reference = reference @ layer.weight.mT + layer.offset
        if layer.has_relu:
            parts, reference = rule.relu(parts, reference), reference.relu()
    (multiplier,) = torch.autograd.grad(torch.stack(parts).sum(), seen)
    found = (seen * multiplier).detach()
    _check(network, block, found)
    return found


def _seen(block: Block) -> Float[Tensor, "g c r"]:
    """Regulators of each condition as each gene sees them."""
    seen = block.regulators.repeat(len(block.tokens), 1, 1)
    blind = block.own >= 0
    seen[blind] = without_own(block.regulators, block.own[blind])
    return seen


def _layers(network: TwoTowers, block: Block) -> list[Affine]:
    """All that lies between the regulators and the output; the merge as a map of each gene's own."""
    merge = network.merge
    if not isinstance(merge, LINEAR):
        raise UserError(
            f"the merge {network.design.merge} is not linear in the regulators, so no rule hands it down",
            where="RUN",
            fix="Give a run of a network whose merge is a product, tensor_product or concatenation.",
        )
    s = network.promoters(network.embed(block.tokens), block.genes)
    before = _folded([], network.regulators)
    width = before[-1].weight.shape[0] if before else block.regulators.shape[1]
    nothing = merge.block(s, s.new_zeros(1, width))
    one_by_one = torch.eye(width, device=s.device).expand(len(s), -1, -1)  # of each gene: contracted with it first
    each = merge.block(s, one_by_one) - nothing
    return _folded([*before, Affine(each.mT, nothing)], network.head)


def _folded(layers: list[Affine], modules: Iterable[nn.Module]) -> list[Affine]:
    """Append modules: a normalisation becomes part of the map before it, dropout is nothing."""
    layers = list(layers)
    for module in modules:
        if isinstance(module, nn.Linear):
            layers.append(Affine(module.weight, module.bias))
        elif isinstance(module, nn.BatchNorm1d):
            assert module.running_mean is not None and module.running_var is not None
            scale = module.weight / (module.running_var + module.eps).sqrt()
            last = layers[-1]
            offset = (last.offset - module.running_mean) * scale + module.bias
            layers[-1] = replace(last, weight=last.weight * scale[:, None], offset=offset)
        elif isinstance(module, nn.ReLU):
            layers[-1] = replace(layers[-1], has_relu=True)
        elif not isinstance(module, nn.Dropout):
            raise TypeError(f"no rule for {type(module).__name__}")
    return layers


@torch.no_grad()
def _check(network: TwoTowers, block: Block, found: Float[Tensor, "g c r"]) -> None:
    nothing = without_regulators(block.part(torch.arange(len(block.tokens)), torch.zeros(1, dtype=torch.int64)))
    difference = (block_logits(network, block) - block_logits(network, nothing))[:, :, 0]
    missed = (found.sum(dim=2) - difference).abs()
    allowed = NEGLIGIBLE + BOUND * found.abs().sum(dim=2)
    if not (missed <= allowed).all():
        raise UserError(
            f"contributions do not add up: at worst they miss the difference by {missed.max():.2g}",
            where="RUN",
            fix="Please report it.",
        )
