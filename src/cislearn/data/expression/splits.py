"""Genes and conditions to train, valid and test: by gene, by condition, by series, by both, and by pair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int64, Integer

from cislearn.errors import UserError

FOLDS = 5
PUBLISHED = (0.8, 0.9)
"""Where train and valid end in file order (DeepREG's whole-gene and whole-experiment hold-outs)."""


class Fold(NamedTuple):
    """Which labels are seen when: masks of shape (genes, conditions).

    Parameters
    ----------
    train : ndarray, bool
        Seen where settings are chosen.
    valid : ndarray, bool
        What they are chosen by.
    refit : ndarray, bool
        Seen in the last fit, after which nothing is chosen.
    test : ndarray, bool
        Seen by no fit.
    """

    train: Bool[np.ndarray, "g c"]
    valid: Bool[np.ndarray, "g c"]
    refit: Bool[np.ndarray, "g c"]
    test: Bool[np.ndarray, "g c"]


@dataclass(frozen=True)
class Groups:
    """What must not be torn apart.

    Parameters
    ----------
    genes : ndarray, shape (genes,), int64
        Cluster of each gene (`promoter_clusters`).
    conditions : ndarray, shape (conditions,), int64
        Series of each condition.
    """

    genes: Int64[np.ndarray, " g"]
    conditions: Int64[np.ndarray, " c"]


class Seen(NamedTuple):
    """Shares of the tested pairs of which something was trained on: what a split leaks.

    Each is about pairs whose gene (a gene that shares its promoter; whose condition; a condition of whose series) has a
    label that a fit sees.
    """

    gene: float
    promoter: float
    condition: float
    series: float


def deal_groups(groups: Integer[np.ndarray, " n"], n_folds: int, seed: int) -> Int64[np.ndarray, " n"]:
    """Give each item a fold, all items of a group the same: groups in random order, each to the smallest fold."""
    names, code = np.unique(groups, return_inverse=True)
    sizes, fold, filled = np.bincount(code), np.empty(len(names), dtype=np.int64), np.zeros(n_folds, dtype=np.int64)
    for group in np.random.default_rng(seed).permutation(len(names)):
        fold[group] = np.argmin(filled)
        filled[fold[group]] += sizes[group]
    return fold[code]


def by_gene(groups: Groups, seed: int) -> list[Fold]:
    """Split clusters of genes; all conditions of a tested gene are tested."""
    return _crossed(deal_groups(groups.genes, FOLDS, seed), np.full(len(groups.conditions), _ANY))


def by_condition(groups: Groups, seed: int) -> list[Fold]:
    """Split single conditions: those before and after a tested one in its time course are trained on."""
    return _crossed(np.full(len(groups.genes), _ANY), deal_groups(np.arange(len(groups.conditions)), FOLDS, seed))


def by_series(groups: Groups, seed: int) -> list[Fold]:
    """Split whole series of conditions."""
    return _crossed(np.full(len(groups.genes), _ANY), deal_groups(groups.conditions, FOLDS, seed))


def by_both(groups: Groups, seed: int) -> list[Fold]:
    """Split clusters of genes and series at once: a tested pair has a new gene in a new series.

    Pairs of a new gene in an old series, or the other way round, are in no part of a fold, so a fifth of all is tested.
    """
    return _crossed(deal_groups(groups.genes, FOLDS, seed), deal_groups(groups.conditions, FOLDS, seed))


def by_pair(groups: Groups, seed: int) -> list[Fold]:
    """Split single pairs at random, as published: both gene and condition of a tested pair are trained on.

    This leaks by design. What fills the gaps of a matrix is enough to do well; see `seen_in_training`.
    """
    shape = len(groups.genes), len(groups.conditions)
    number = np.random.default_rng(seed).permutation(np.arange(shape[0] * shape[1]) % FOLDS).reshape(shape)
    folds = []
    for fold in range(FOLDS):
        test, valid = number == fold, number == (fold + 1) % FOLDS
        folds.append(Fold(~test & ~valid, valid, ~test, test))
    return folds


def genes_in_order(groups: Groups, seed: int) -> list[Fold]:
    """Hold the last genes of the file out, as published: the last tenth for test, that before it for validation."""
    n = len(groups.conditions)
    return [Fold(*(np.repeat(mask[:, None], n, axis=1) for mask in _in_order(len(groups.genes))))]


def conditions_in_order(groups: Groups, seed: int) -> list[Fold]:
    """Hold the last conditions of the file out, as published."""
    n = len(groups.genes)
    return [Fold(*(np.repeat(mask[None], n, axis=0) for mask in _in_order(len(groups.conditions))))]


SPLITS: dict[str, Callable[[Groups, int], list[Fold]]] = {
    "pair": by_pair,
    "condition": by_condition,
    "series": by_series,
    "gene": by_gene,
    "both": by_both,
    "conditions in file order": conditions_in_order,
    "genes in file order": genes_in_order,
}
"""Every way of splitting by its name; each takes groups and a seed."""


def refuse_few(split: str, folds: Sequence[Fold], groups: Groups, measured: Bool[np.ndarray, "g c"]) -> None:
    """Refuse the folds of a split if one of them would see, be validated or be tested on nothing that is `measured`.

    Raises
    ------
    UserError
        How many clusters of genes, conditions and series there are, and how many are needed.
    """
    if all((mask & measured).any() for fold in folds for mask in fold):
        return
    clusters, series = (len(np.unique(each)) for each in (groups.genes, groups.conditions))
    raise UserError(
        f"a fold of {split!r} has no measured pair to train, validate or test on: there are {clusters:,} clusters of "
        f"genes and {len(groups.conditions):,} conditions in {series:,} series",
        where="--split",
        fix=f"What is split must be {FOLDS} or more, in file order {FOLDS + 1}; known: {', '.join(SPLITS)}.",
    )


def seen_in_training(folds: Sequence[Fold], groups: Groups) -> Seen:
    """Tell of how many tested pairs gene, promoter, condition and series were trained on."""
    found, n = np.zeros(4), 0
    for fold in folds:
        by_row, by_column = (np.asarray(fold.refit.any(axis=axis)) for axis in (1, 0))
        genes = [by_row, _spread(by_row, groups.genes)]
        conditions = [by_column, _spread(by_column, groups.conditions)]
        tested = fold.test.sum(axis=1), fold.test.sum(axis=0)
        found += [tested[0][mask].sum() for mask in genes] + [tested[1][mask].sum() for mask in conditions]
        n += int(fold.test.sum())
    return Seen(*(found / n).tolist())


_ANY = -1
"""The fold of an axis that is not split."""


def _crossed(genes: Int64[np.ndarray, " g"], conditions: Int64[np.ndarray, " c"]) -> list[Fold]:
    """Folds of two axes; a pair is in a part where both of its ends are, an axis that is not split being in each."""

    def pairs(*numbers: int) -> np.ndarray:
        return np.isin(genes, (*numbers, _ANY))[:, None] & np.isin(conditions, (*numbers, _ANY))[None]

    folds = []
    for fold in range(FOLDS):
        valid = (fold + 1) % FOLDS
        others = [k for k in range(FOLDS) if k != fold]
        train = [k for k in others if k != valid]
        folds.append(Fold(pairs(*train), pairs(valid), pairs(*others), pairs(fold)))
    return folds


def _in_order(n: int) -> tuple[Bool[np.ndarray, " n"], ...]:
    """Train, valid, refit and test of one axis; the publication trains on the first part alone, so refit is train."""
    end, last = (int(share * n) for share in PUBLISHED)
    place = np.arange(n)
    train = place < end
    return train, (place >= end) & (place < last), train, place >= last


def _spread(mask: Bool[np.ndarray, " n"], groups: Int64[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
    """Which items are of a group that an item of the mask is of."""
    return np.isin(groups, groups[mask])
