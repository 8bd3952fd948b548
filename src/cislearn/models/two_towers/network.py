"""The network: promoters and regulators to log ratios or classes, pair by pair or a block of genes x conditions."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from cislearn.models.batch_norm import BatchNorm
from cislearn.models.network import OneHot
from cislearn.models.two_towers.design import Design
from cislearn.models.two_towers.promoters import UNKNOWN
from cislearn.models.two_towers.recurrent import Recurrent
from cislearn.models.two_towers.regulators import regulator_branch


class TwoTowers(nn.Module):
    """A branch of promoters, one of regulators, their merge, and dense layers on it.

    Parameters
    ----------
    design : Design
        Its parts.
    length, regulators, genes : int
        Bases of a promoter, numbers of the regulators, and genes that there are to be trained on.
    """

    def __init__(self, design: Design, *, length: int, regulators: int, genes: int) -> None:
        super().__init__()
        self.design, self.length, self.n_regulators, self.n_genes = design, length, regulators, genes
        self.embed = OneHot()
        self.promoters = design.branch(length, genes)
        self.hide = nn.Dropout(design.input_dropout)
        self.regulators = regulator_branch(
            regulators, design.regulators, dropout=design.regulator_dropout, linear=design.regulators_linear
        )
        width = design.regulators[-1] if design.regulators else regulators
        columns = design.columns
        first, *further = [*design.hidden, columns]
        self.merge = design.joint(self.promoters.features, width, first)
        head: list[nn.Module] = []
        before = first
        for k, units in enumerate(further):
            normed = [BatchNorm(before)] if design.norm else []
            head += [*normed, nn.ReLU(), nn.Dropout(design.dropouts[k]), nn.Linear(before, units)]
            before = units
        self.head = nn.Sequential(*head)
        self.apply(_initialise)

    def forward(
        self, x: Float[Tensor, "b 4 length"], regulators: Float[Tensor, "b r"], genes: Int64[Tensor, " b"] | None = None
    ) -> Float[Tensor, "b columns"]:
        """Return the logits of pairs, each computed by itself as the networks were published.

        Parameters
        ----------
        x : Tensor, shape (B, 4, length), float32
            Promoters, one-hot.
        regulators : Tensor, shape (B, R), float32
            Those of the pair's condition, as the pair may see them.
        genes : Tensor, shape (B,), int64, optional
            Numbers of the genes; without them genes are new.
        """
        s = self.promoters(x, _unknown(x) if genes is None else genes)
        return self.head(self.merge.pairs(s, self.regulators(self.hide(regulators))))

    def block(
        self,
        x: Float[Tensor, "g 4 length"],
        regulators: Float[Tensor, "c r"],
        own: Int64[Tensor, " g"],
        genes: Int64[Tensor, " g"] | None = None,
    ) -> Float[Tensor, "g c columns"]:
        """Return the logits of all genes in all conditions: each promoter and each condition is read once.

        Parameters
        ----------
        x : Tensor, shape (G, 4, length), float32
            Promoters, one-hot.
        regulators : Tensor, shape (C, R), float32
            Of each condition.
        own : Tensor, shape (G,), int64
            Which regulator a gene is itself and may not see; -1 where it is none, or sees itself.
        genes : Tensor, shape (G,), int64, optional
            Their numbers; without them genes are new.
        """
        s = self.promoters(x, _unknown(x) if genes is None else genes)
        v = self.hide(regulators)
        blind = own >= 0
        joined = self.merge.block(s, self.regulators(v))
        if blind.any():
            masked = self.regulators(without_own(v, own[blind]))
            joined = joined.index_put((blind.nonzero().squeeze(1),), self.merge.block(s[blind], masked))
        return self.head(joined.flatten(0, 1)).view(*joined.shape[:2], -1)

    def inner_weights(self) -> Iterator[nn.Parameter]:
        """Weights and offsets of all layers but the last one: what published penalties are on."""
        last = self.head[-1] if len(self.head) else self.merge
        outer = {id(each) for each in last.parameters()}
        return (each for each in self.parameters() if id(each) not in outer)


def without_own(regulators: Float[Tensor, "c r"], own: Int64[Tensor, " k"]) -> Float[Tensor, "k c r"]:
    """Return the regulators of each condition as genes see them that are regulators: their own stands at no change."""
    masked = regulators.repeat(len(own), 1, 1)
    masked[torch.arange(len(own), device=own.device), :, own] = 0.0
    return masked


def _initialise(module: nn.Module) -> None:
    """As Keras begins: Glorot's uniform weights, no offsets, and forget gates that are open."""
    if isinstance(module, nn.Linear | nn.Conv1d):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    if isinstance(module, Recurrent):
        module.open_forget_gates()


def _unknown(x: Tensor) -> Int64[Tensor, " n"]:
    return torch.full((len(x),), UNKNOWN, device=x.device)
