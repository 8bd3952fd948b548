"""Windows of a pool that have the GC content of others."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

BIN_WIDTH = 0.02
"""Share of G and C that one bin spans."""


class Matched(NamedTuple):
    """What `match_gc` found.

    Parameters
    ----------
    rows : ndarray, shape (k,), int64
        Positions in the pool, ascending, none twice; fewer than asked for only where the pool has no more.
    n_elsewhere : int
        How many of them are of a bin next to the wanted one or farther, which had run dry.
    """

    rows: Int64[np.ndarray, " k"]
    n_elsewhere: int


def spread(n_rows: int, n: int, rng: np.random.Generator) -> Int64[np.ndarray, " n"]:
    """Choose `n` of ordered rows at equal steps from a random one on: each as often as another, or once more.

    A systematic sample: what the rows are ordered by is shared out as evenly as `n` allows.
    """
    position = (np.arange(n) + rng.random()) * (n_rows / n)
    return np.minimum(position.astype(np.int64), n_rows - 1)


def match_gc(
    gc_of_positives: Float64[np.ndarray, " p"], gc_of_pool: Float64[np.ndarray, " m"], n: int, seed: int
) -> Matched:
    """Draw `n` windows of a pool, without replacement, whose GC content is distributed as that of the positives.

    GC is counted in bins of ``BIN_WIDTH``. Within a bin all windows of the pool are equally likely. What a bin lacks
    where it runs dry is given by the nearest ones that have some left, by the fuller one of two at the same distance.

    Parameters
    ----------
    gc_of_positives : ndarray, shape (p,), float64
        Share of G and C of each positive, as `cislearn.sequence.composition.gc_fraction` gives it; one or more.
    gc_of_pool : ndarray, shape (m,), float64
        That of the windows to choose from; those with NaN are never taken.
    n : int
        How many, 1 or more. With n = k p each positive stands for k of them, else some for one more.
    seed : int
        Equal seeds give equal windows.
    """
    rng = np.random.default_rng(seed)
    wanted = _bin(np.sort(gc_of_positives)[spread(len(gc_of_positives), n, rng)])
    usable = np.flatnonzero(~np.isnan(gc_of_pool))
    bins = _bin(gc_of_pool[usable])
    n_bins = int(np.ceil(1 / BIN_WIDTH)) + 1
    lacking, left = np.bincount(wanted, minlength=n_bins), np.bincount(bins, minlength=n_bins)
    taken = np.minimum(lacking, left)
    lacking, left, n_elsewhere = lacking - taken, left - taken, 0
    for distance in range(1, n_bins):
        for empty in np.flatnonzero(lacking):
            near = [b for b in (empty - distance, empty + distance) if 0 <= b < n_bins]
            for other in sorted(near, key=lambda b: -left[b]):
                moved = int(min(lacking[empty], left[other]))
                lacking[empty] -= moved
                left[other] -= moved
                taken[other] += moved
                n_elsewhere += moved
    order = np.lexsort((rng.random(len(bins)), bins))
    first = np.searchsorted(bins[order], np.arange(n_bins))
    rank = np.arange(len(bins)) - first[bins[order]]
    return Matched(np.sort(usable[order[rank < taken[bins[order]]]]), n_elsewhere)


def _bin(gc: Float64[np.ndarray, " k"]) -> Int64[np.ndarray, " k"]:
    # A share on the edge of two bins must not fall to one or the other by its last binary digit.
    return np.floor(gc / BIN_WIDTH + 1e-6).astype(np.int64)
