"""The merge of many cell types' windows, held against a plain reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cislearn.genome import merging
from cislearn.genome.intervals import read_intervals
from cislearn.genome.merging import Merged, merge_windows, window_starts

from .basset import merge_slowly


def merge(peaks, *, n_cells, length, overlap, size):
    start, end, cell = np.array(peaks, dtype=np.int64).reshape(-1, 3).T
    places = window_starts(start, end, length=length, size=size)
    return list(merge_windows(places, cell, n_cells=n_cells, length=length, overlap=overlap))


def listed(pieces: list[Merged], n_cells: int):
    """Start and active cells of each window, as the reference gives them."""
    return [
        (int(start), set(np.flatnonzero(np.unpackbits(row, count=n_cells, bitorder="little"))))
        for piece in pieces
        for start, row in zip(piece.start, piece.active, strict=True)
    ]


@st.composite
def cases(draw):
    length = draw(st.integers(2, 60))
    size = draw(st.integers(length, 900))
    n_cells = draw(st.integers(1, 20))
    near = st.integers(0, size - 1)
    if draw(st.booleans()):  # a grid, which has ties
        step = draw(st.integers(1, 30))
        near = near.map(lambda place: place // step * step)
    starts = draw(st.lists(near, min_size=1, max_size=60))
    peaks = [(start, start + draw(st.integers(1, 40)), draw(st.integers(0, n_cells - 1))) for start in starts]
    return peaks, {"length": length, "overlap": draw(st.integers(1, length - 1)), "size": size}, n_cells


@settings(max_examples=400, deadline=None)
@given(cases())
@pytest.mark.parametrize("few", [1, 32, 10**9])
def test_equal_to_the_reference(few, case):
    """With rounds alone (10**9), with the queue as soon as a round is not full (1), and as it is."""
    peaks, options, n_cells = case
    kept, merging._FEW = merging._FEW, few
    try:
        found = merge(peaks, n_cells=n_cells, **options)
    finally:
        merging._FEW = kept
    assert listed(found, n_cells) == merge_slowly(peaks, **options)


@settings(max_examples=100, deadline=None)
@given(cases(), st.randoms())
def test_neither_the_order_of_the_peaks_nor_the_pieces_matter(case, random):
    peaks, options, n_cells = case
    whole = listed(merge(peaks, n_cells=n_cells, **options), n_cells)
    random.shuffle(peaks)
    kept, merging._MOST_BYTES = merging._MOST_BYTES, 8
    try:
        pieces = merge(peaks, n_cells=n_cells, **options)
    finally:
        merging._MOST_BYTES = kept
    assert listed(pieces, n_cells) == whole


def test_by_hand():
    """The pair that overlaps by 500 merges at (2 * 1300 + 2 * 1400) / 4, then at (3 * 1350 + 2 * 1600) / 5."""
    peaks = [(1299, 1301, 0), (1390, 1410, 1), (1600, 1601, 0), (3000, 3001, 2)]
    found = listed(merge(peaks, n_cells=3, length=600, overlap=200, size=10_000), 3)
    assert found == [(1450 - 300, {0, 1}), (2700, {2})]


def test_an_overlap_that_just_does_and_does_not_suffice():
    """Two windows 400 bp apart are two chains; three that come to be 400 bp apart within one chain are merged."""
    options = {"n_cells": 3, "length": 600, "overlap": 200, "size": 10_000}
    assert len(listed(merge([(1000, 1001, 0), (1400, 1401, 1)], **options), 3)) == 2
    assert len(listed(merge([(1000, 1001, 0), (1399, 1400, 1)], **options), 3)) == 1
    peaks = [(1000, 1001, 0), (1002, 1003, 1), (1401, 1402, 2)]  # the two become 1001, 400 bp from the third
    assert listed(merge(peaks, **options), 3) == merge_slowly(peaks, length=600, overlap=200, size=10_000)
    assert len(listed(merge(peaks, **options), 3)) == 1


@pytest.mark.parametrize("few", [1, 10**9])
def test_chains_stay_apart_though_a_merge_ends_where_its_right_window_was(monkeypatch, few):
    """(0 * 2 + 1 * 11) / 13 rounds to 1, as far from the next chain as before: what is not to merge is not merged.

    The next chain ends up at 6, where it began, in the same way.
    """
    monkeypatch.setattr(merging, "_FEW", few)
    many = [(middle - 1, middle + 1, cell) for middle in (6, 11) for cell in range(10)]
    peaks = [(4, 6, 0), *many, (11, 13, 3)]
    found = listed(merge(peaks, n_cells=10, length=10, overlap=5, size=100), 10)
    assert found == [(1, set(range(10))), (6, set(range(10)))]
    assert found == merge_slowly(peaks, length=10, overlap=5, size=100)


def test_a_long_run_of_equal_distances_takes_no_time():
    """A hundred thousand bins of 200 bp side by side merge one after the other; a round each would take hours."""
    start = np.arange(0, 20_000_000, 200, dtype=np.int64)
    found = list(merge_windows(start, start // 200 % 3, n_cells=3, length=600, overlap=200))
    n = sum(len(piece.start) for piece in found)
    assert 0 < n < len(start)
    first = [(int(place) + 300, int(place) + 301, int(place) // 200 % 3) for place in start[:500]]
    head = merge_slowly(first, length=600, overlap=200, size=10**8)[:50]
    assert listed(found, 3)[:50] == head


def test_windows_stay_on_their_chromosome():
    start, end = np.array([0, 990, 500]), np.array([10, 1000, 501])
    assert window_starts(start, end, length=600, size=1000).tolist() == [0, 400, 200]
    with pytest.raises(ValueError, match="does not fit"):
        window_starts(start, end, length=600, size=599)


def test_a_chromosome_of_real_peaks(shared_data):
    """Every cell and factor of the DREAM peaks on one chromosome."""
    files = sorted((shared_data / "dream_peaks").glob("*.narrowPeak.gz"))
    peaks = []
    for cell, path in enumerate(files):
        table = read_intervals(path)
        there = table[table["chrom"] == "chr10"]
        peaks += [(int(a), int(b), cell) for a, b in zip(there["start"], there["end"], strict=True)]
    options = {"length": 600, "overlap": 200, "size": 135_534_747}
    found = listed(merge(peaks, n_cells=len(files), **options), len(files))
    assert found == merge_slowly(peaks, **options)
    assert 1000 < len(found) < len(peaks)
