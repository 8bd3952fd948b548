"""Groups of rows to train, valid and test, so that the shares come near to what was asked."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int, Int8, UInt64

from cislearn.data.parts import TEST, TRAIN, VALID


def salted(keys: UInt64[np.ndarray, " g"], seed: int) -> UInt64[np.ndarray, " g"]:
    """Hash of keys that is another one for each seed, and does not depend on which other keys there are."""
    salt = np.random.default_rng(seed).integers(0, 2**63, dtype=np.uint64)
    return pd.util.hash_array(np.asarray(keys, dtype=np.uint64) ^ salt)


def text_keys(texts: pd.Series) -> UInt64[np.ndarray, " n"]:
    """Hash of texts, the same on every machine."""
    return pd.util.hash_array(texts.to_numpy(dtype=object))


def deal_one_by_one(
    counts: Float64[np.ndarray, "g s"],
    shares: Float64[np.ndarray, " 3"],
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
    shares : ndarray, shape (3,), float64
        Of train, valid, test; together 1.
    rank : ndarray, shape (g,), uint64
        Order among groups that hold about as much, within a factor of two.
    fixed : ndarray, shape (g,), int8
        The part of groups that have theirs already, else -1.
    """
    relative = counts / np.maximum(counts.sum(axis=0), 1)
    order = np.lexsort((rank, -np.frexp(relative.max(axis=1))[1]))
    part = fixed.copy()
    lacking = shares[:, None] - np.stack([relative[fixed == p].sum(axis=0) for p in (TRAIN, VALID, TEST)])
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
    shares: Float64[np.ndarray, " 3"],
) -> Int8[np.ndarray, " g"]:
    """Cut each stratum, its groups ordered by `rank`, into test, valid and train; for very many small groups."""
    order = np.lexsort((rank, stratum))
    filled = np.cumsum(sizes[order]) - sizes[order] / 2
    _, first, number, per_stratum = np.unique(
        stratum[order], return_index=True, return_inverse=True, return_counts=True
    )
    ends = np.cumsum(sizes[order])[first + per_stratum - 1]
    begins = np.concatenate([[0], ends[:-1]])
    quantile = (filled - begins[number]) / (ends - begins)[number]
    part = np.empty(len(sizes), dtype=np.int8)
    part[order] = np.select(
        [quantile < shares[TEST], quantile < shares[TEST] + shares[VALID]], [TEST, VALID], default=TRAIN
    )
    return part
