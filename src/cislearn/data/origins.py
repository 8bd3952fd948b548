"""Windows that were made of others: a shuffle stays with its positive where no locus tells that it does."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import UInt64
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

SHUFFLE_OF = "shuffle_of"
"""Column of loci: the hash (hexadecimal, either strand) of the window that a row is a shuffle of, else empty."""


def write_origins(hashes: UInt64[np.ndarray, " n"]) -> list[str]:
    """Values of ``SHUFFLE_OF`` for shuffles of windows with these hashes."""
    return [f"{value:016x}" for value in hashes]


def join_origins(
    keys: UInt64[np.ndarray, " n"], hashes: UInt64[np.ndarray, " n"], loci: pd.DataFrame
) -> UInt64[np.ndarray, " n"]:
    """Give a shuffle, and all rows that have its key, the key of the window that it was made of.

    Parameters
    ----------
    keys : ndarray, shape (n,), uint64
        Equal for rows that belong together.
    hashes : ndarray, shape (n,), uint64
        Of each row's window, equal on either strand.
    loci : DataFrame, n rows
        With ``SHUFFLE_OF`` if there are shuffles.

    Returns
    -------
    ndarray, shape (n,), uint64
        The least of the keys that are joined; `keys` as they are where nothing was shuffled.
    """
    made = np.flatnonzero(loci[SHUFFLE_OF] != "") if SHUFFLE_OF in loci else np.empty(0, dtype=np.int64)
    if not len(made):
        return keys
    origin = np.array([int(text, 16) for text in loci[SHUFFLE_OF].iloc[made]], dtype=np.uint64)
    distinct, key = np.unique(keys, return_inverse=True)
    known, window = np.unique(np.concatenate([hashes, origin]), return_inverse=True)
    # A graph of keys and windows: each row joins its key with its window, a shuffle also with that of its origin.
    rows = np.concatenate([np.arange(len(keys)), made])
    ends = key[rows], len(distinct) + window
    n_nodes = len(distinct) + len(known)
    _, group = connected_components(coo_array((np.ones(len(rows)), ends), shape=(n_nodes, n_nodes)), directed=False)
    _, least, group_of_key = np.unique(group[: len(distinct)], return_index=True, return_inverse=True)
    return distinct[least[group_of_key]][key]
