"""Windows with their bases in a random order: the same bases, or the same dinucleotides."""

from __future__ import annotations

from itertools import product

import numpy as np
from jaxtyping import Float64, Int64, UInt8

from cislearn.sequence.tokens import ALPHABET, N

_CHUNK = 1 << 20
"""Bases shuffled at a time, which bounds the memory."""

_BASES = len(ALPHABET)
_END = _BASES
"""What follows the last base of a run, as if it were a fifth base."""


def _trees(root: int) -> list[tuple[int, ...]]:
    """Ways to give each base another one to go to, so that all paths end at `root`: 16 (Cayley's formula)."""
    found = []
    for choice in product(range(_BASES), repeat=_BASES):
        if choice[root] == root and all(choice[base] != base for base in range(_BASES) if base != root):
            ends = list(range(_BASES))
            for _ in range(_BASES):
                ends = [choice[base] for base in ends]
            if set(ends) == {root}:
                found.append(choice)
    return found


_TREES: Int64[np.ndarray, "4 16 4"] = np.array([_trees(root) for root in range(_BASES)], dtype=np.int64)


def shuffle_bases(tokens: UInt8[np.ndarray, "n length"], rng: np.random.Generator) -> UInt8[np.ndarray, "n length"]:
    """Put the known bases of each window in a random order, all orders equally likely; N stays where it is.

    Parameters
    ----------
    tokens : UInt8 array, shape (n, length)
        A0 C1 G2 T3 N4.
    rng : Generator
        Source of the order.
    """
    shuffled = np.empty_like(tokens)
    for rows in _chunks(tokens):
        window = tokens[rows]
        is_unknown = window == N
        drawn = np.argsort(np.where(is_unknown, 1.0, rng.random(window.shape)), axis=1, kind="stable")
        place = np.argsort(is_unknown, axis=1, kind="stable")
        moved = np.empty_like(window)
        np.put_along_axis(moved, place, np.take_along_axis(window, drawn, axis=1), axis=1)
        shuffled[rows] = moved
    return shuffled


def shuffle_dinucleotides(
    tokens: UInt8[np.ndarray, "n length"], rng: np.random.Generator
) -> UInt8[np.ndarray, "n length"]:
    """Put the bases of each window in a random order that keeps the count of every dinucleotide.

    A window is a path through its bases that takes each dinucleotide once; all such paths are equally likely
    (Altschul and Erickson 1985, *Mol. Biol. Evol.* 2:526-538). The dinucleotides by which bases are left for the last
    time form a tree towards the last base. It is drawn in proportion to the number of paths that have it, and the rest
    is in any order; a shuffle that keeps the window's own tree reaches only some of the paths.

    The first and last base stay. N stays where it is, and the runs of known bases between are shuffled each for itself,
    so that dinucleotides with N are kept as well.

    Parameters
    ----------
    tokens : UInt8 array, shape (n, length)
        A0 C1 G2 T3 N4.
    rng : Generator
        Source of the order.
    """
    shuffled = tokens.copy()
    for rows in _chunks(tokens):
        window = tokens[rows]
        is_known = np.pad(window < N, ((0, 0), (1, 1)))
        row, first = np.nonzero(is_known[:, 1:] & ~is_known[:, :-1])
        stop = np.nonzero(is_known[:, :-1] & ~is_known[:, 1:])[1]
        if not len(row):
            continue
        width = int((stop - first).max())
        position = first[:, None] + np.arange(width + 1)
        inside = position < stop[:, None]
        runs = np.where(inside, window[row[:, None], np.where(inside, position, 0)], np.uint8(_END))
        every_row = np.broadcast_to(row[:, None], inside.shape)
        window = window.copy()
        window[every_row[inside], position[inside]] = _euler_paths(runs, rng)[inside]
        shuffled[rows] = window
    return shuffled


def _euler_paths(runs: UInt8[np.ndarray, "m width"], rng: np.random.Generator) -> UInt8[np.ndarray, "m width"]:
    """Random paths with the dinucleotides of `runs`, each of which is filled up with one `_END` or more."""
    here, following = runs[:, :-1], runs[:, 1:]
    every = np.arange(len(runs))
    step = every[:, None] * (_END + 1) ** 2 + here.astype(np.int64) * (_END + 1) + following
    counts = np.bincount(step.ravel(), minlength=len(runs) * (_END + 1) ** 2).reshape(-1, _END + 1, _END + 1)
    order = rng.random(here.shape)
    last = _last_steps(counts, rng)
    for base in range(_BASES):
        is_last = (here == base) & (following == last[:, base, None])
        order[every[is_last.any(axis=1)], is_last.argmax(axis=1)[is_last.any(axis=1)]] = 1.0
    drawn = np.take_along_axis(following, np.argsort(2.0 * here + order, axis=1), axis=1)
    leaves = counts.sum(axis=2)
    pointer = np.cumsum(leaves, axis=1) - leaves
    paths = np.empty_like(runs)
    paths[:, 0] = current = runs[:, 0]
    for column in range(1, runs.shape[1]):
        used = pointer[every, current]
        pointer[every, current] = used + 1
        paths[:, column] = current = drawn[every, used]
    return paths


def _last_steps(counts: Int64[np.ndarray, "m 5 5"], rng: np.random.Generator) -> Int64[np.ndarray, "m 4"]:
    """Where each base is left to for the last time, `_END` for the last base of the run.

    Paths with a given tree are as many as the product of the counts of its steps says. A base that the run lacks may
    hang anywhere in the tree, which changes the odds of none.
    """
    root = counts[:, :_BASES, _END].argmax(axis=1)
    between = counts[:, :_BASES, :_BASES]
    between = np.where(counts.sum(axis=2)[:, :_BASES, None] == 0, 1, between).astype(np.float64)
    trees = _TREES[root]
    weights: Float64[np.ndarray, "m 16"] = np.ones(trees.shape[:2])
    for base in range(_BASES):
        share = np.take_along_axis(between[:, base], trees[:, :, base], axis=1)
        weights *= np.where((root == base)[:, None], 1.0, share)
    reached = weights.cumsum(axis=1)
    chosen = (reached > rng.random((len(root), 1)) * reached[:, -1:]).argmax(axis=1)
    last = trees[np.arange(len(root)), chosen]
    last[np.arange(len(root)), root] = _END
    return last


def _chunks(tokens: UInt8[np.ndarray, "n length"]) -> list[slice]:
    step = max(1, _CHUNK // max(1, tokens.shape[1]))
    return [slice(first, first + step) for first in range(0, len(tokens), step)]
