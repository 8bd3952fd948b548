"""What a window adds to the memory of a process, from files to batches."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.growth import LENGTH, alone, iterate_windows, prepare_windows, region_files
from benchmarks.synthetic import write_genome, write_regions

FEW, MANY = 20_000, 150_000
ROOM = 600
"""Bytes a window: with two million of them, the map of a human genome and the libraries, a process stays below 3 GB."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("growth")
    chromosomes = write_genome(folder / "genome.fa", 110_000_000)
    for n in (FEW, MANY):
        write_regions(region_files(folder, n), chromosomes, n, length=LENGTH, seed=n)
    return folder


def test_regions_do_not_overlap_and_some_stand_twice(tmp_path):
    files = [tmp_path / f"{k}.bed" for k in range(4)]
    write_regions(files, {"chr1": 100_000, "chr2": 100_000}, 800, length=100, seed=1)
    lines = [line for file in files for line in Path(file).read_text().splitlines()]
    assert len(lines) == 808
    found = sorted({(chrom, int(start), int(end)) for chrom, start, end, *_ in (line.split() for line in lines)})
    assert len(found) == 800
    for (chrom, _, end), (after, start, _) in pairwise(found):
        assert chrom != after or end <= start


@pytest.mark.slow
def test_a_window_adds_little_to_the_memory_of_a_process(place, monkeypatch):
    # Allocators that hand memory back at once: else the peak tells how busy the machine is, by up to 40 MB.
    monkeypatch.setenv("ARROW_DEFAULT_MEMORY_POOL", "system")
    monkeypatch.setenv("MALLOC_MMAP_THRESHOLD_", "65536")
    for step in (prepare_windows, iterate_windows):
        few, many = (alone(step, place, n)[1] for n in (FEW, MANY))
        assert (many - few) * 1e6 / (MANY - FEW) < ROOM
