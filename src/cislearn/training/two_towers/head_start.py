"""Begin a network of factors where ridge regression ends: genes by regulators, then new genes by their words.

What two ridges say one after the other (`cislearn.baselines.expression.TwoSteps`) is linear in the regulators of a
condition and, for a new gene, in the words of its promoter. So it can be written into the weights of a network whose
two towers are multiplied number by number, and training goes on from there.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float64
from scipy.linalg import cho_factor, cho_solve

from cislearn.baselines.expression.low_rank import soft_impute
from cislearn.baselines.expression.means import effects
from cislearn.baselines.expression.ridge import ridge
from cislearn.data.expression.blocks import Block
from cislearn.errors import UserError
from cislearn.models.two_towers.merges import Product
from cislearn.models.two_towers.network import TwoTowers
from cislearn.models.two_towers.words import WordsAndGene

OF_WORDS = 5.0
"""Penalty of the words, of which a promoter has a squared norm of 1; 3 to 6 were best on validation genes of yeast."""
OF_FACTORS = 10.0
"""What is taken off singular values where absent labels are filled in."""


@torch.no_grad()
def begin_with_ridge(network: TwoTowers, seen: Block, penalty: float) -> None:
    """Set the weights of a network of words and factors to those of the two ridges on the labels that are `seen`.

    The first number of each tower makes the mean of a gene, the others are one for each condition that is trained on;
    there must be room for them.

    Parameters
    ----------
    network : TwoTowers
        Of the branch ``words_and_gene``, one linear layer of regulators and the merge ``product``, on the CPU.
    seen : Block
        With the labels to train on; a gene's own regulator is masked as the block says.
    penalty : float
        Of the regulators, in squared log ratios.
    """
    branch, merge, tower = network.promoters, network.merge, network.regulators[0]
    assert isinstance(branch, WordsAndGene) and isinstance(merge, Product) and isinstance(tower, torch.nn.Linear)
    labels = seen.labels.numpy().astype(np.float64)
    is_seen = ~np.isnan(labels)
    rows, columns = np.flatnonzero(is_seen.any(axis=1)), np.flatnonzero(is_seen.any(axis=0))
    if len(columns) >= branch.features:
        raise UserError(
            f"{len(columns)} conditions to train on; this network has room for {branch.features - 1}",
            where="--network",
            fix="Take another network (tensor_product, concatenation), or fewer conditions.",
        )
    x = seen.regulators.numpy()[columns].astype(np.float64)
    middle = x.mean(axis=0)
    factors = _of_genes(_filled(labels[np.ix_(rows, columns)]), x - middle, middle, seen.own.numpy()[rows], penalty)
    n = factors.shape[1]
    for weight in (tower.weight, tower.bias, branch.linear.weight, branch.linear.bias, merge.linear.bias):
        weight.zero_()
    merge.linear.weight.fill_(1.0)
    tower.bias[0] = 1.0
    tower.weight[1:n] = torch.from_numpy(x - middle).to(tower.weight)
    tower.bias[1:n] = -(tower.weight[1:n] @ torch.from_numpy(middle).to(tower.weight))
    _tell_genes(branch, seen, torch.from_numpy(rows), torch.from_numpy(factors).float())


def _of_genes(
    labels: Float64[np.ndarray, "g c"],
    centred: Float64[np.ndarray, "c r"],
    middle: Float64[np.ndarray, " r"],
    own: np.ndarray,
    penalty: float,
) -> Float64[np.ndarray, "g factors"]:
    """Mean of each gene, and its weights of the conditions; of a regulator without what it says of itself."""
    mean = labels.mean(axis=1, keepdims=True)
    rest, kernel = labels - mean, centred @ centred.T
    weights = ridge(kernel, rest.T, penalty).T
    for gene in np.flatnonzero(own >= 0):
        itself = centred[:, own[gene]]
        weights[gene] = ridge(kernel - np.outer(itself, itself), rest[gene][:, None], penalty)[:, 0]
        mean[gene] += weights[gene] @ itself * middle[own[gene]]  # masked it stands at 0, and not at its mean
    return np.concatenate([mean, weights], axis=1)


def _filled(labels: Float64[np.ndarray, "g c"]) -> Float64[np.ndarray, "g c"]:
    """Labels, and where one is absent what few factors of genes and conditions say of it."""
    is_seen = ~np.isnan(labels)
    constant, of_gene, of_condition = effects(labels)
    additive = constant + of_gene[:, None] + of_condition[None]
    rest = soft_impute(labels - additive, is_seen, np.zeros_like(labels), labels.shape[1], OF_FACTORS)
    return np.where(is_seen, labels, additive + rest)


def _tell_genes(branch: WordsAndGene, seen: Block, rows: torch.Tensor, factors: torch.Tensor) -> None:
    """Ridge of the factors on the words, and in each gene's own vector what that leaves."""
    one_hot = torch.nn.functional.one_hot(seen.tokens[rows].long(), 5)[:, :, :4].transpose(1, 2).float()
    words = branch.words(one_hot)
    branch.centre.copy_(words.mean(dim=0))
    per_stretch = words.shape[1] // len(branch.stretches)
    sizes = (words - branch.centre).square().mean(dim=0).view(len(branch.stretches), per_stretch).sum(dim=1)
    by = (sizes * len(branch.stretches)).rsqrt().nan_to_num(posinf=0.0)  # promoters of N alone have no words
    branch.scale.copy_(by.repeat_interleave(per_stretch))
    scaled = (words - branch.centre) * branch.scale
    n = factors.shape[1]
    middle = factors.mean(dim=0)
    kernel = (scaled @ scaled.T).numpy()
    kernel[np.diag_indices_from(kernel)] += OF_WORDS
    dual = cho_solve(cho_factor(kernel, overwrite_a=True), (factors - middle).numpy())
    branch.linear.weight[:n] = (scaled.T @ torch.from_numpy(dual).float()).T
    branch.linear.bias[:n] = middle
    said = scaled @ branch.linear.weight[:n].T + middle
    known = seen.genes[rows] >= 0
    branch.vectors.weight[seen.genes[rows][known] + 1, :n] = (factors - said)[known]
