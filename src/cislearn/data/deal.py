"""Groups of rows to train, valid and test, so that the shares come near to what was asked."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int, Int8, UInt64

from cislearn.data.dataset import Dataset
from cislearn.data.parts import LEFT_OUT, TEST, TRAIN, VALID, count_strata

_MANY = 20_000
"""Groups beyond which they are cut in ranks: their shares come right by their number alone."""


@dataclass(frozen=True)
class Dealer:
    """Gives rows their parts, all rows of one key the same.

    Parameters
    ----------
    dataset : Dataset
        Whose labels have a say: their classes are spread over the parts.
    shares : ndarray, shape (3,), float64
        Of train, valid, test; together 1.
    seed : int
        Of the choice among groups that are alike.
    k_fold : tuple of int, optional
        Number of folds and which of them is test, in the place of `shares`; the next one is valid, all others train.
    """

    dataset: Dataset
    shares: Float64[np.ndarray, " p"]
    seed: int
    k_fold: tuple[int, int] | None = None

    def deal(
        self, keys: UInt64[np.ndarray, " n"], given: Int8[np.ndarray, " n"] | None = None
    ) -> Int8[np.ndarray, " n"]:
        """Return the part of each row; `given` says parts that are settled, -1 for the others."""
        if self.k_fold is not None:
            n, fold = self.k_fold
            number = replace(self, shares=np.full(n, 1 / n), k_fold=None).deal(keys)
            return np.select([number == fold, number == (fold + 1) % n], [TEST, VALID], default=TRAIN).astype(np.int8)
        group, distinct = pd.factorize(keys)
        rank = salted(distinct, self.seed)
        sizes = np.bincount(group, minlength=len(distinct))
        if len(distinct) > _MANY and given is None:
            return deal_in_ranks(sizes, _first_answer(self.dataset, group), rank, self.shares)[group]
        fixed = np.full(len(distinct), LEFT_OUT, dtype=np.int8)
        if given is not None:
            fixed[group] = given
        counts = count_strata(self.dataset, group, len(distinct)).counts
        return deal_one_by_one(counts, self.shares, rank, fixed)[group]


def _first_answer(dataset: Dataset, group: Int[np.ndarray, " n"]) -> Int[np.ndarray, " g"]:
    """Domain and best label of the first row of each group, as one number."""
    _, rows = np.unique(group, return_index=True)
    is_binary = all(task.kind == "binary" for task in dataset.spec.tasks)
    best = [
        np.where(np.isnan(labels), -1, labels if is_binary else 0).max(axis=1).astype(np.int64)
        for labels in dataset.labels_in_pieces(rows)
    ]
    return dataset.domain_codes[rows] * 3 + np.concatenate(best)


def salted(keys: UInt64[np.ndarray, " g"], seed: int) -> UInt64[np.ndarray, " g"]:
    """Hash of keys that is another one for each seed, and does not depend on which other keys there are."""
    salt = np.random.default_rng(seed).integers(0, 2**63, dtype=np.uint64)
    return pd.util.hash_array(np.asarray(keys, dtype=np.uint64) ^ salt)


def text_keys(texts: pd.Series) -> UInt64[np.ndarray, " n"]:
    """Hash of texts, the same on every machine."""
    return pd.util.hash_array(texts.to_numpy(dtype=object))


def deal_one_by_one(
    counts: Float64[np.ndarray, "g s"],
    shares: Float64[np.ndarray, " p"],
    rank: UInt64[np.ndarray, " g"],
    fixed: Int8[np.ndarray, " g"],
) -> Int8[np.ndarray, " g"]:
    """Give each group to the part that lacks it most, the groups that hold much of a stratum first.

    Greedy least squares: the part is chosen for which the squared distance from its share, relative to the share and
    summed over the strata, falls most. So all parts fill at one pace, and a group too big for a part goes elsewhere.

    Parameters
    ----------
    counts : ndarray, shape (g, s), float64
        Rows of each stratum in each group.
    shares : ndarray, shape (p,), float64
        Of each part; together 1.
    rank : ndarray, shape (g,), uint64
        Order among groups that hold about as much, within a factor of two.
    fixed : ndarray, shape (g,), int8
        The part of groups that have theirs already, else -1.
    """
    relative = counts / np.maximum(counts.sum(axis=0), 1)
    order = np.lexsort((rank, -np.frexp(relative.max(axis=1))[1]))
    part = fixed.copy()
    lacking = shares[:, None] - np.stack([relative[fixed == p].sum(axis=0) for p in range(len(shares))])
    for group in order:
        if part[group] < 0:
            gain = (2 * lacking - relative[group]) @ relative[group] / np.maximum(shares, 1e-9)
            part[group] = np.argmax(gain)
            lacking[part[group]] -= relative[group]
    return part


def deal_in_ranks(
    sizes: Int[np.ndarray, " g"],
    stratum: Int[np.ndarray, " g"],
    rank: UInt64[np.ndarray, " g"],
    shares: Float64[np.ndarray, " p"],
) -> Int8[np.ndarray, " g"]:
    """Cut each stratum, its groups ordered by `rank`, into parts, the last part first; for very many small groups."""
    order = np.lexsort((rank, stratum))
    filled = np.cumsum(sizes[order]) - sizes[order] / 2
    _, first, number, per_stratum = np.unique(
        stratum[order], return_index=True, return_inverse=True, return_counts=True
    )
    ends = np.cumsum(sizes[order])[first + per_stratum - 1]
    begins = np.concatenate([[0], ends[:-1]])
    quantile = (filled - begins[number]) / (ends - begins)[number]
    part = np.empty(len(sizes), dtype=np.int8)
    last = len(shares) - 1
    part[order] = last - np.minimum(np.searchsorted(np.cumsum(shares[::-1]), quantile, side="right"), last)
    return part
