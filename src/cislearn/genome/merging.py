"""Overlapping windows of many cell types become one, greedily, as in Basset's preprocessing (Kelley et al. 2016)."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import NamedTuple, TypeVar

import numpy as np
from jaxtyping import Bool, Int, Int64, UInt8

T = TypeVar("T", int, np.ndarray)

_MOST_BYTES = 1 << 24
"""Of the sets of active cells that are held at a time; a single chain may have more."""
_FEW = 32
"""A round in which fewer than one in so many windows merge is the last: ties merge one after the other."""
_ONES = np.array([value.bit_count() for value in range(256)], dtype=np.uint8)


class Merged(NamedTuple):
    """Windows of one strand of a chromosome, in order, with the cells in which they are active.

    Parameters
    ----------
    start : ndarray, shape (n,), int64
        0-based first base.
    active : ndarray, shape (n, ceil(n_cells / 8)), uint8
        Bit c, as ``numpy.packbits(bitorder="little")`` counts, is set where the window is active in cell c.
    """

    start: Int64[np.ndarray, " n"]
    active: UInt8[np.ndarray, "n b"]


def window_starts(
    start: Int64[np.ndarray, " n"], end: Int64[np.ndarray, " n"], *, length: int, size: int
) -> Int64[np.ndarray, " n"]:
    """First bases of windows about the midpoints ``(start + end) // 2``, moved to lie on a chromosome of `size` bp.

    Raises
    ------
    ValueError
        Where the chromosome is shorter than the window.
    """
    if size < length:
        raise ValueError(f"a window of {length} bp does not fit a chromosome of {size} bp")
    return np.clip((start + end) // 2 - length // 2, 0, size - length)


def merge_windows(
    start: Int64[np.ndarray, " n"], cell: Int64[np.ndarray, " n"], *, n_cells: int, length: int, overlap: int
) -> Iterator[Merged]:
    """Merge the windows of all cells on one strand of a chromosome, some megabytes at a time.

    Sorted windows make chains: one closes where its end less `overlap` is not past the next start. In a chain the
    adjacent pair of greatest overlap, the first of ties, becomes one window while it overlaps by `overlap` or more. Its
    midpoint is ``int(.5 + m)``, m the mean of the two midpoints weighted by 1 + the number of active cells, and it is
    active where either is.

    A merged window lies between the two, so no overlap ever grows. A pair that overlaps more than both pairs beside it
    is thus merged before these, whatever happens elsewhere: all such pairs of all chains are merged at once, and the
    result is that of taking them one by one.

    Parameters
    ----------
    start : ndarray, shape (n,), int64
        First bases of the windows, in any order.
    cell : ndarray, shape (n,), int64
        The cell of each, from 0.
    n_cells : int
        How many there are.
    length : int
        Bases of a window.
    overlap : int
        Bases by which windows overlap that are merged, from 1 to less than `length`.

    Yields
    ------
    Merged
        In order along the chromosome.
    """
    if not 1 <= overlap < length:
        raise ValueError(f"windows of {length} bp cannot be merged by an overlap of {overlap} bp")
    place, cell = np.divmod(_distinct(start * n_cells + cell), n_cells)
    # Equal windows overlap most of all and merge before all others, to the same place: they are one from the start.
    is_new = np.diff(place, prepend=-1) > 0
    window, place = np.cumsum(is_new) - 1, place[is_new]
    chain = np.cumsum(np.diff(place, prepend=place[:1]) >= length - overlap)
    for windows in _pieces(chain, (n_cells + 7) // 8):
        rows = slice(*np.searchsorted(window, [windows.start, windows.stop]))
        active = _sets_of_cells(window[rows] - windows.start, cell[rows], n_cells)
        yield _merge(place[windows].copy(), active, chain[windows], reach=length - overlap)


def _distinct(keys: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " m"]:
    keys = np.sort(keys)  # numpy.unique hashes, which takes several times as long
    return keys[np.diff(keys, prepend=-1) > 0]


def _pieces(chain: Int[np.ndarray, " n"], n_bytes: int) -> Iterator[slice]:
    """Whole chains, as many as are held at a time."""
    ends = np.append(np.flatnonzero(np.diff(chain)) + 1, len(chain))
    first, most = 0, max(1, _MOST_BYTES // n_bytes)
    while first < len(chain):
        last = max(np.searchsorted(ends, first + most, side="right") - 1, np.searchsorted(ends, first, side="right"))
        yield slice(first, int(ends[last]))
        first = int(ends[last])


def _sets_of_cells(
    window: Int[np.ndarray, " n"], cell: Int[np.ndarray, " n"], n_cells: int
) -> UInt8[np.ndarray, "windows b"]:
    """Bits of the cells of each window; pairs are in order."""
    active = np.zeros((window[-1] + 1, (n_cells + 7) // 8), dtype=np.uint8)
    place = window * active.shape[1] + (cell >> 3)
    first = np.flatnonzero(np.diff(place, prepend=-1))
    active.ravel()[place[first]] = np.bitwise_or.reduceat(np.uint8(1) << (cell & 7).astype(np.uint8), first)
    return active


def _merge(
    start: Int64[np.ndarray, " n"], active: UInt8[np.ndarray, "n b"], chain: Int[np.ndarray, " n"], reach: int
) -> Merged:
    """Merge windows of distinct starts whose starts differ by `reach` or less; the arrays are changed in place."""
    weight = _weights(active)
    is_left = np.ones(len(start), dtype=bool)
    rest = np.arange(len(start))
    while len(rest):
        gap = np.where(np.diff(chain[rest]) > 0, reach + 1, np.diff(start[rest]))
        gap = np.concatenate([[reach + 1], gap, [reach + 1]])  # gap[k] lies before window k
        if (settled := (gap[:-1] > reach) & (gap[1:] > reach)).any():
            rest = rest[~settled]  # its neighbours are too far, and never come nearer
            continue
        middle = gap[1:-1]
        pair = np.flatnonzero((middle <= reach) & (middle < gap[:-2]) & (middle <= gap[2:]))
        if len(pair) < len(rest) // _FEW:
            _merge_one_by_one(start, active, chain, rest, is_left, reach)
            break
        left, right = rest[pair], rest[pair + 1]
        start[left] = _mean(start[left], weight[left], start[right], weight[right])
        active[left] |= active[right]
        weight[left] = _weights(active[left])
        is_left[right] = False
        rest = np.delete(rest, pair + 1)
    return Merged(start[is_left], active[is_left])


def _merge_one_by_one(
    start: Int64[np.ndarray, " n"],
    active: UInt8[np.ndarray, "n b"],
    chain: Int[np.ndarray, " n"],
    rest: Int[np.ndarray, " m"],
    is_left: Bool[np.ndarray, " n"],
    reach: int,
) -> None:
    """Merge what is left of the windows by a queue of pairs, in place: for long runs of equal distances."""
    place, of = start[rest].tolist(), chain[rest].tolist()
    cells = [int.from_bytes(row.tobytes(), "little") for row in active[rest]]
    n = len(place)
    after, before = list(range(1, n + 1)), list(range(-1, n - 1))
    queue = [(place[k + 1] - place[k], k, k + 1) for k in range(n - 1) if of[k] == of[k + 1]]
    heapify(queue)
    while queue and queue[0][0] <= reach:
        gap, a, b = heappop(queue)
        if after[a] != b or place[a] < 0 or place[b] - place[a] != gap:
            continue  # one of the two has been merged since
        weights = 1 + cells[a].bit_count(), 1 + cells[b].bit_count()
        place[a] = _mean(place[a], weights[0], place[b], weights[1])
        place[b] = -1
        cells[a] |= cells[b]
        after[a] = after[b]
        if after[a] < n:
            before[after[a]] = a
        for left, right in ((before[a], a), (a, after[a])):
            if left >= 0 and right < n and of[left] == of[right]:
                heappush(queue, (place[right] - place[left], left, right))
    start[rest] = place
    is_left[rest] = start[rest] >= 0
    width = active.shape[1]
    joined = b"".join(value.to_bytes(width, "little") for value in cells)
    active[rest] = np.frombuffer(joined, dtype=np.uint8).reshape(n, width)


def _weights(active: UInt8[np.ndarray, "n b"]) -> Int64[np.ndarray, " n"]:
    """1 + number of active cells."""
    return 1 + _ONES[active].sum(axis=1, dtype=np.int64)


def _mean(a: T, weight_a: T, b: T, weight_b: T) -> T:
    """``int(.5 + weighted mean)`` in whole numbers; of starts it is that of midpoints less half a window."""
    both = weight_a + weight_b
    return (2 * (a * weight_a + b * weight_b) + both) // (2 * both)
