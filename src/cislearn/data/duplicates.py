"""Rows that say again, or against another row, what is known of a window."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from cislearn.data.clusters import has_locus, on_one_axis
from cislearn.data.sequences import deduplicate

WINDOW_COLUMNS = ["domain", "genome", "chrom", "start", "end", "strand", "part"]
"""With the sequence, what makes a window of a domain the same window."""


def window_numbers(rows: pd.DataFrame, sequence: Int[np.ndarray, " n"] | None) -> Int[np.ndarray, " n"]:
    """Give each row the number of its window, equal for rows of one domain and part with equal locus and sequence.

    Parameters
    ----------
    rows : DataFrame
        With ``WINDOW_COLUMNS``.
    sequence : ndarray, shape (n,), int, optional
        Number of each row's distinct sequence; the locus alone decides where there are none.
    """
    number = np.zeros(len(rows), dtype=np.int64) if sequence is None else sequence.astype(np.int64)
    for column in WINDOW_COLUMNS:
        codes, values = pd.factorize(rows[column])
        number = pd.factorize(number * max(1, len(values)) + codes)[0].astype(np.int64)
    return number


def find_duplicates(window: Int[np.ndarray, " n"], labels: Float[np.ndarray, "n t"]) -> Int[np.ndarray, " n"]:
    """For each row the first row with the same window and the same labels, -1 where it is that row itself."""
    _, label = deduplicate(np.ascontiguousarray(labels + 0.0, dtype=np.float32).view(np.uint8))
    both = window * (int(label.max(initial=0)) + 1) + label
    _, first, group = np.unique(both, return_index=True, return_inverse=True)
    leader = first[group]
    return np.where(leader == np.arange(len(window)), -1, leader)


def find_outranked(window: Int[np.ndarray, " n"], label: Float[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    """For each row a row of the same window whose label of a binary task goes before its own, -1 where there is none.

    A positive goes before a negative, and any label before none: a peak's window is no negative of the same domain.
    """
    rank = np.where(np.isnan(label), 2.0, 1.0 - label)
    order = np.lexsort((rank, window))
    _, first, group = np.unique(window[order], return_index=True, return_inverse=True)
    best = np.empty(len(window), dtype=np.int64)
    best[order] = order[first][group]
    return np.where(rank[best] < rank, best, -1)


def count_contradicted(window: Int[np.ndarray, " n"], labels: Float[np.ndarray, "n t"]) -> int:
    """Return how many windows have rows with different labels of a task; an absent label is no other one."""
    _, group, n_rows = np.unique(window, return_inverse=True, return_counts=True)
    repeated = n_rows[group] > 1
    _, group = np.unique(group[repeated], return_inverse=True)
    labels, size = labels[repeated], (int(group.max(initial=-1)) + 1, labels.shape[1])
    least, greatest = np.full(size, np.inf), np.full(size, -np.inf)
    np.fmin.at(least, group, labels)
    np.fmax.at(greatest, group, labels)
    return int((least < greatest).any(axis=1).sum())


def find_overlapped(
    rows: pd.DataFrame, mine: Int[np.ndarray, " m"], others: Int[np.ndarray, " k"], length: int
) -> Int[np.ndarray, " m"]:
    """For each row of `mine` the nearest of `others` if their windows, all of `length`, share a base, else -1."""
    found = np.full(len(mine), -1, dtype=np.int64)
    placed = has_locus(rows)
    others = others[placed[others]]
    if not len(others):
        return found
    start, _ = on_one_axis(rows)
    others = others[np.argsort(start[others], kind="stable")]
    right = np.searchsorted(start[others], start[mine])
    sides = [others[np.clip(right - side, 0, len(others) - 1)] for side in (0, 1)]
    distance = np.abs(np.stack([start[side] for side in sides]) - start[mine])
    nearest = np.where(distance[0] < distance[1], *sides)
    return np.where((distance.min(axis=0) < length) & placed[mine], nearest, found)
