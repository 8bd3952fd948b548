"""Tiles of a genome: each base at most once, as a slow walk finds them, and in time linear in chromosomes."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cislearn.errors import UserError
from cislearn.genome.tiling import Tiling


def walk(chromosomes, length, step):
    """Window by window: chromosome, start of the window, start of its tile."""
    for name in sorted(chromosomes):
        start = 0
        while start + length <= chromosomes[name]:
            yield name, start, start + (length - step) // 2
            start += step


@given(st.lists(st.integers(1, 90), min_size=1, max_size=6), st.integers(1, 30), st.data())
def test_tiles_are_those_of_a_walk_however_they_are_cut(lengths, length, data):
    step = data.draw(st.integers(1, length))
    chromosomes = {f"chr{k}": bases for k, bases in enumerate(lengths, start=9)}
    expected = list(walk(chromosomes, length, step))
    if not expected:
        with pytest.raises(UserError, match="shorter than a window"):
            Tiling.of(chromosomes, length, step)
        return
    tiling = Tiling.of(chromosomes, length, step)
    assert len(tiling) == len(expected)
    assert set(tiling.too_short) == {name for name, bases in chromosomes.items() if bases < length}
    cuts = sorted({0, len(tiling), *data.draw(st.lists(st.integers(0, len(tiling)), max_size=4))})
    found = []
    for begin, end in pairwise(cuts):
        chrom, start = tiling.windows(begin, end)
        named = [tiling.names[code] for code in chrom]
        for name, tiles, first in tiling.stretches(begin, end):
            assert set(named[tiles]) == {name}
            found += zip(named[tiles], start[tiles].tolist(), first.tolist(), strict=True)
    assert found == expected
    covered = [(name, base) for name, _, first in found for base in range(first, first + step)]
    assert len(set(covered)) == len(covered)
    assert all(0 <= base < chromosomes[name] for name, base in covered)
    # As the docstring says: what stays free at the two ends.
    for name in tiling.names:
        bases = [base for chrom, base in covered if chrom == name]
        assert min(bases) == (length - step) // 2
        assert chromosomes[name] - 1 - max(bases) < (length + step) / 2 + 1
        assert bases == list(range(min(bases), max(bases) + 1))


def test_a_step_is_part_of_a_window():
    for step in (0, 21):
        with pytest.raises(UserError, match=f"{step} bp is no step of windows of 20 bp"):
            Tiling.of({"chr1": 100}, 20, step)


def test_a_hundred_thousand_scaffolds_take_no_quadratic_time():
    def seconds(n):
        chromosomes = {f"scaffold_{k}": 15 + k % 30 for k in range(n)}
        began = time.process_time()
        tiling = Tiling.of(chromosomes, 20, 5)
        pieces = [(at, min(at + 4096, len(tiling))) for at in range(0, len(tiling), 4096)]
        assert sum(len(start) for piece in pieces for *_, start in tiling.stretches(*piece)) == len(tiling)
        return time.process_time() - began

    few, many = min(seconds(10_000) for _ in range(3)), min(seconds(100_000) for _ in range(2))
    assert many < 40 * few  # quadratic time would be 100
