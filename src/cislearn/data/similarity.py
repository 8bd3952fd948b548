"""Near duplicates: windows that share much of their sequence on either strand, wherever they come from.

Two windows are as similar as the share of their 20-mers that they have in common. Windows of one locus that overlap by
44 of 101 bp, copies of a repeat, duplicated genes and variants of one element are similar; chance alone makes none so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int, Int64, UInt64
from scipy.sparse import coo_array, csc_array, csr_array
from scipy.sparse.csgraph import connected_components

from cislearn.data.sequences import Sequences, map_windows
from cislearn.sequence.hashes import canonical_hash
from cislearn.sequence.words import NO_WORD, words_ending

WORD = 20
"""Bases of a word. Chance gives one to two random 101-bp windows once in 8e7 pairs. Words of 12 bp, motifs and repeats
among them, link 71,490 of 86,556 windows of real peaks at a twentieth of their words; words of 20 bp link 2,184."""

NEAR = 0.3
"""Share of the words from which on two windows are near duplicates. In a table of 268,182 windows of real peaks this
finds every pair that overlaps by 44 of 101 bp; the largest cluster holds 146. At 0.05 repeats chain 7,997 together."""

EVERYWHERE, MANY = 0.5, 100
"""A word in more than this share of so many windows is no sign of kinship: the constant flank of a designed library."""

BUDGET = 1 << 28
"""Meetings of two windows in a word that are counted one by one, in half a minute at worst; those peaks have 2e7."""

AT_ONCE = 1 << 26
"""Words sorted at a time; they take half a gigabyte, and twice that while they are sorted."""

_BLOCK = 1 << 24
"""Meetings counted at a time."""

_READ = 1 << 18
"""Bases read at a time; their words stay near the processor."""


@dataclass(frozen=True)
class WordIndex:
    """Which windows hold which words.

    Parameters
    ----------
    holds : csr_array, shape (n, words), int32
        1 where a window holds a word; words of one window alone have no column.
    size : ndarray, shape (n,), float64
        Words of each window that count, taken as at least half of those that it has room for: a window of few different
        words (a simple repeat, or N) is not the double of every window that holds these.
    n_constant : int
        Words that do not count since they are almost everywhere.
    """

    holds: csr_array
    size: Float64[np.ndarray, " n"]
    n_constant: int

    def crowded(self, left: Int64[np.ndarray, " l"], right: Int64[np.ndarray, " r"]) -> Bool[np.ndarray, " words"]:
        """Words that, from the rarest on, bring `left` and `right` together more often than the budget allows."""
        meetings = _holders(self.holds[left]) * _holders(self.holds[right])
        order = np.argsort(meetings, kind="stable")
        crowded = np.zeros(len(meetings), dtype=bool)
        crowded[order] = np.cumsum(meetings[order]) > BUDGET
        return crowded

    def notes(self, left: Int64[np.ndarray, " l"], right: Int64[np.ndarray, " r"]) -> list[str]:
        """Tell people what was not counted between `left` and `right`."""
        notes = []
        if self.n_constant:
            notes.append(f"{self.n_constant:,} {WORD}-mers that most windows hold are not counted")
        if crowded := int(self.crowded(left, right).sum()):
            notes.append(
                f"{crowded:,} {WORD}-mers are in so many windows that these were compared with the first ones that"
                " hold them, not each with each"
            )
        return notes


class Pairs(NamedTuple):
    """Pairs of windows that share a word, and how similar they are."""

    left: Int64[np.ndarray, " p"]
    right: Int64[np.ndarray, " p"]
    similarity: Float64[np.ndarray, " p"]


def index_words(sequences: Sequences, rows: Int[np.ndarray, " n"], *, margin: int = 0) -> WordIndex:
    """Index the words of the windows of `rows`, without their margins, in the time that it takes to sort them."""
    n, room = len(rows), max(0, sequences.width - 2 * margin - WORD + 1)
    size, n_constant = np.zeros(n, dtype=np.int64), 0
    holders, windows = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    most = EVERYWHERE * n if n >= MANY else n
    for word, window in _occurrences(sequences, rows, margin, room):
        size += np.bincount(window, minlength=n)
        of_several = np.zeros(len(word), dtype=bool)  # most words are in one window alone
        of_several[1:] = word[1:] == word[:-1]
        of_several[:-1] |= of_several[1:]
        word, window = word[of_several], window[of_several]
        first = np.flatnonzero(np.diff(word, prepend=NO_WORD))
        count = np.diff(first, append=len(word))
        counts = count <= most
        n_constant += int((~counts).sum())
        size -= np.bincount(window[np.repeat(~counts, count)], minlength=n)
        holders.append(count[counts])
        windows.append(window[np.repeat(counts, count)])
    ends = np.cumsum(np.concatenate([[0], *holders]))
    index = np.concatenate(windows)
    holds = csc_array((np.ones(len(index), dtype=np.int32), index, ends), shape=(n, len(ends) - 1)).tocsr()
    return WordIndex(holds, np.maximum(size, room / 2), n_constant)


def similar_pairs(index: WordIndex, left: Int64[np.ndarray, " l"], right: Int64[np.ndarray, " r"]) -> Iterator[Pairs]:
    """Pairs of a window of `left` and another one of `right` that share words, block by block.

    Similarity is the number of shared words over the smaller one of the windows' `WordIndex.size`. It is exact within
    the budget. Beyond it the most crowded words do not count, which can only lower it; in their stead the windows of
    either side that are the first to hold one are compared, with all their words, with every window of the other side.
    A window that is on both sides is met with itself too, with a number that means nothing.
    """
    crowded = index.crowded(left, right)
    if not crowded.any():
        yield from _pairs(index, left, right)
        return
    yield from _pairs(index, left, right, ~crowded)
    yield from _pairs(index, _first_holders(index, left, right, crowded), right)
    yield from _pairs(index, left, _first_holders(index, right, left, crowded))


def greatest_similarity(
    index: WordIndex, left: Int64[np.ndarray, " l"], right: Int64[np.ndarray, " r"]
) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """For each window as one of `left` the greatest similarity to one of `right`, and the other way round; else 0."""
    of_left, of_right = np.zeros((2, len(index.size)))
    for pairs in similar_pairs(index, left, right):
        np.maximum.at(of_left, pairs.left, pairs.similarity)
        np.maximum.at(of_right, pairs.right, pairs.similarity)
    return of_left, of_right


def cluster_keys(sequences: Sequences, *, margin: int = 0) -> tuple[UInt64[np.ndarray, " n"], list[str]]:
    """Key of the cluster of near duplicates that each row belongs to, and notes on what was not counted.

    The key is the least of the `canonical_hash` of the cluster's windows, so it does not depend on the other clusters.
    """
    hashes = map_windows(sequences, canonical_hash, margin=margin)
    distinct, first, window = np.unique(hashes, return_index=True, return_inverse=True)
    index, every = index_words(sequences, first, margin=margin), np.arange(len(first))
    cluster = link_near(index)
    _, least = np.unique(cluster, return_index=True)
    return distinct[least][cluster][window], index.notes(every, every)


def link_near(index: WordIndex, near: float = NEAR) -> Int64[np.ndarray, " n"]:
    """Give each window the number of its cluster, in which each is at least `near` to some other (single linkage)."""
    every = np.arange(len(index.size))
    cluster = every
    for pairs in similar_pairs(index, every, every):
        linked = (pairs.similarity >= near) & (pairs.left < pairs.right)
        ends = cluster[pairs.left[linked]], cluster[pairs.right[linked]]
        graph = coo_array((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(len(every), len(every)))
        cluster = connected_components(graph, directed=False)[1].astype(np.int64)[cluster]
    return cluster


def _occurrences(
    sequences: Sequences, rows: np.ndarray, margin: int, room: int
) -> Iterator[tuple[UInt64[np.ndarray, " m"], Int64[np.ndarray, " m"]]]:
    """Words and the windows that hold them, each pair once, sorted; where there are many, by their last bases in turns.

    Word and window are sorted as one number, so the more windows there are, the more bases the turns have to take off.
    """
    width, bits = sequences.width, max(1, len(rows).bit_length())
    turn_bits = max(0, int(np.ceil(np.log2(max(1, len(rows) * room / AT_ONCE)))), 2 * WORD + bits - 64)
    shift, low, turns = np.uint64(bits), np.uint64(turn_bits), 1 << turn_bits
    step = max(1, _READ // width)
    for turn in range(turns):
        packed = [np.zeros(0, dtype=np.uint64)]
        for first in range(0, len(rows), step):
            tokens = sequences.gather(rows[first : first + step])[:, margin : width - margin]
            window, words = words_ending(tokens, WORD, turn, turn_bits)
            packed.append(words >> low << shift | (first + window).astype(np.uint64))
        pairs = np.concatenate(packed)
        del packed
        pairs.sort()
        is_new = np.ones(len(pairs), dtype=bool)
        np.not_equal(pairs[1:], pairs[:-1], out=is_new[1:])
        pairs = pairs[is_new]
        word = pairs >> shift
        pairs &= np.uint64((1 << bits) - 1)
        yield word, pairs.view(np.int64)
        del word, pairs  # before those of the next turn are made


def _pairs(
    index: WordIndex,
    left: Int64[np.ndarray, " l"],
    right: Int64[np.ndarray, " r"],
    columns: Bool[np.ndarray, " words"] | None = None,
) -> Iterator[Pairs]:
    mine, others = index.holds[left], index.holds[right]
    if columns is not None:
        mine, others = mine[:, columns], others[:, columns]
    meetings = np.cumsum(mine @ _holders(others))
    others = others.T.tocsr()
    for block in np.split(np.arange(len(left)), np.flatnonzero(np.diff(meetings // _BLOCK)) + 1):
        shared = (mine[block] @ others).tocoo()
        a, b = left[block][shared.row], right[shared.col]
        yield Pairs(a, b, shared.data / np.minimum(index.size[a], index.size[b]))


def _holders(holds: csr_array) -> Float64[np.ndarray, " words"]:
    """Count the windows that hold each word."""
    return np.bincount(holds.indices, minlength=holds.shape[1]).astype(np.float64)


def _first_holders(
    index: WordIndex,
    side: Int64[np.ndarray, " l"],
    others: Int64[np.ndarray, " r"],
    crowded: Bool[np.ndarray, " words"],
) -> Int64[np.ndarray, " h"]:
    """Windows of `side` that are the first to hold a crowded word, the most such words first, within the budget."""
    holds = index.holds[side][:, crowded].tocsc()
    first, n_words = np.unique(holds.indices[holds.indptr[:-1][np.diff(holds.indptr) > 0]], return_counts=True)
    first = first[np.argsort(-n_words, kind="stable")]
    meetings = index.holds[side[first]] @ _holders(index.holds[others])
    return side[first[np.cumsum(meetings) <= BUDGET]]
