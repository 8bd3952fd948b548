"""Parts of rows that share no locus, so that what is learned on one part cannot be known by heart on another."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int64, Integer

FEWEST = 12
"""Rows of a set below which it is not told from another: six to learn from, six to be tested on."""


def deal_clusters(
    clusters: Integer[np.ndarray, " n"], is_second: Bool[np.ndarray, " n"], n_parts: int, rng: np.random.Generator
) -> Int64[np.ndarray, " n"]:
    """Deal whole clusters of loci to parts, so that each part has about the same share of two sets of rows.

    A window may be in both sets: the same locus seen in two cell types. Were its two rows dealt apart, a classifier
    would learn the one by heart and be wrong on the other, so that its error would pass one half; two overlapping
    windows of one set would do the opposite. So clusters stay whole, and those of the first set only, of the second
    only and of both are dealt by themselves, large ones first.

    Parameters
    ----------
    clusters : ndarray, shape (n,)
        Cluster of loci of each row.
    is_second : ndarray, shape (n,), bool
        Which set each row is of.
    n_parts : int
        How many parts.
    rng : Generator
        Deals clusters of equal size.

    Returns
    -------
    ndarray, shape (n,), int64
        Part of each row, from 0.
    """
    _, code, sizes = np.unique(clusters, return_inverse=True, return_counts=True)
    n_second = np.bincount(code, is_second, minlength=len(sizes))
    kind = 2 * (n_second > 0) + (n_second < sizes)
    part = np.zeros(len(sizes), np.int64)
    for each in np.unique(kind):
        mine = rng.permutation(np.flatnonzero(kind == each))
        mine = mine[np.argsort(-sizes[mine], kind="stable")]
        part[mine] = np.arange(len(mine)) % n_parts
    return part[code]


def hold_out_half(
    clusters: Integer[np.ndarray, " n"], is_second: Bool[np.ndarray, " n"], rng: np.random.Generator
) -> Bool[np.ndarray, " n"] | None:
    """Return True for the rows of one half of the clusters; None where a half has too few of a set (see `FEWEST`)."""
    held_out = deal_clusters(clusters, is_second, 2, rng) == 1
    sizes = [(is_held & is_mine).sum() for is_held in (held_out, ~held_out) for is_mine in (is_second, ~is_second)]
    return held_out if min(sizes) >= FEWEST // 2 else None
