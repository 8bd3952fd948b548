"""Regions of many cell types to one table of windows and labels: our merge against a plain port, then `prepare`."""

from __future__ import annotations

import argparse
import json
import tempfile
import zlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.growth import alone, cost_of, index_genome, peak_memory
from benchmarks.results import Result, show_or_keep
from benchmarks.synthetic import write_genome
from cislearn.data.compendium import prepare_compendium
from cislearn.data.dataset import read_dataset
from cislearn.genome.merging import merge_windows, window_starts
from tests.genome.basset import merge_slowly

CELLS, REGIONS, SITES = 164, 20_000, 200_000
N_BASES = 300_000_000
LENGTH, OVERLAP = 600, 200


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and keep what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compendium", description=__doc__)
    parser.add_argument("--cells", type=int, default=CELLS, help="region files")
    parser.add_argument("--regions", type=int, default=REGIONS, help="regions of each cell")
    parser.add_argument("--sites", type=int, default=SITES, help="places that are open in some cell")
    parser.add_argument("--bases", type=int, default=N_BASES, help="of the genome")
    parser.add_argument("--folder", type=Path, help="where to write, deleted afterwards")
    parser.add_argument("--show", action="store_true", help="print the tables and keep nothing")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="compendium.") as name:
        place = Path(name)
        sizes = write_genome(place / "genome.fa", given.bases)
        peaks = draw_peaks(sizes, given.cells, given.regions, given.sites)
        np.savez(place / "peaks.npz", **peaks)
        (place / "sizes.json").write_text(json.dumps(sizes))
        found = [merge_table(place, given.cells), prepare_table(place, peaks, given.cells)]
    show_or_keep(found, "compendium", show=given.show)


def draw_peaks(sizes: dict[str, int], n_cells: int, n_regions: int, n_sites: int) -> dict[str, np.ndarray]:
    """Return middle and cell (n, 2) of the regions on each chromosome.

    Sites are open in some cells and not in others, a few in nearly all; a caller finds the middle of a site with an
    error of 40 bp, so that the regions of one site lie close together in all cells.
    """
    rng = np.random.default_rng(0)
    offsets = np.concatenate([[0], np.cumsum(list(sizes.values()))])
    site = np.sort(rng.integers(0, offsets[-1], n_sites))
    openness = rng.beta(0.2, 1.8, n_sites) + 1e-6
    drawn = []
    for cell in range(n_cells):
        keys = rng.exponential(size=n_sites) / openness  # the least of these are a weighted draw without return
        middle = site[np.argpartition(keys, n_regions)[:n_regions]] + rng.normal(0, 40, n_regions).astype(int)
        drawn.append(np.stack([middle.clip(0, offsets[-1] - 1), np.full(n_regions, cell)], axis=1))
    peaks = np.concatenate(drawn)
    chromosome = np.searchsorted(offsets, peaks[:, 0], side="right") - 1
    peaks[:, 0] -= offsets[chromosome]
    return {name: peaks[chromosome == number] for number, name in enumerate(sizes)}


def merge_table(place: Path, n_cells: int) -> Result:
    """Merge the same regions in both ways, each in a process of its own, and compare all that they give."""
    ways = {"plain": merge_plainly, "cislearn": merge_ours}
    found = {way: alone(function, place, n_cells) for way, function in ways.items()}
    assert found["plain"][2:] == found["cislearn"][2:], "the two do not give the same windows and cells"
    n_peaks = sum(len(peaks) for peaks in np.load(place / "peaks.npz").values())
    loaded = alone(peak_memory)
    rows = [
        {"what": way, "s": seconds, "times as fast": found["plain"][0] / seconds, "MB": peak, "windows": n}
        for way, (seconds, peak, n, _) in found.items()
    ]
    text = (
        f"{n_peaks:,} simulated regions of {n_cells} cell types, merged as Basset does it (windows of {LENGTH} bp, from"
        f" {OVERLAP} bp of overlap on). *plain*: a port as the description has it, with lists and sets, which looks"
        " through all pairs of a chain for each merge. *cislearn*: all pairs of all chains that overlap more than their"
        " neighbours are merged at once. Both give the same windows and cells. Processor time on one thread; MB is the"
        f" peak of the resident memory, of which the libraries that are loaded take {loaded:.0f}."
    )
    return Result("compendium", "Regions of many cell types merged", text, rows)


def prepare_table(place: Path, peaks: dict[str, np.ndarray], n_cells: int) -> Result:
    """From region files and a genome to the dataset folder."""
    (place / "cells").mkdir()
    for cell in range(n_cells):
        lines = [
            f"{chrom}\t{max(0, middle - 75)}\t{middle + 1}\n"
            for chrom, rows in peaks.items()
            for middle in rows[rows[:, 1] == cell, 0].tolist()
        ]
        (place / "cells" / f"cell{cell:04}.bed").write_text("".join(lines))
    alone(index_genome, place)
    seconds, peak = alone(prepare_all, place)
    dataset = read_dataset(place / "dataset")
    row = {
        "regions": sum(map(len, peaks.values())),
        "tasks": n_cells,
        "windows": len(dataset),
        "labels MB": dataset.labels.size / 1e6,
    }
    text = (
        "The same regions as BED files, and a genome that has been indexed: read, merged, labelled and written as a"
        " dataset by `prepare --compendium`, in a process of its own."
    )
    return Result("compendium", "A compendium from files", text, [row | {"s": seconds, "MB": peak}])


def merge_plainly(place: Path, n_cells: int) -> tuple[float, float, int, int]:
    """Seconds, peak memory, number of windows and a hash of them, by the plain port."""
    sizes, peaks = _read(place)
    found = list[tuple[str, int, tuple[int, ...]]]()

    def work() -> None:
        for chrom, rows in peaks.items():
            regions = [(middle, middle + 1, cell) for middle, cell in rows.tolist()]
            merged = merge_slowly(regions, length=LENGTH, overlap=OVERLAP, size=sizes[chrom])
            found.extend((chrom, start, tuple(sorted(cells))) for start, cells in merged)

    return (*cost_of(work), len(found), _digest(found))


def merge_ours(place: Path, n_cells: int) -> tuple[float, float, int, int]:
    """Seconds, peak memory, number of windows and a hash of them, by `merge_windows`."""
    sizes, peaks = _read(place)
    merged = []

    def work() -> None:
        for chrom, rows in peaks.items():
            start = window_starts(rows[:, 0], rows[:, 0] + 1, length=LENGTH, size=sizes[chrom])
            pieces = merge_windows(start, rows[:, 1], n_cells=n_cells, length=LENGTH, overlap=OVERLAP)
            merged.extend((chrom, piece) for piece in pieces)

    seconds, peak = cost_of(work)
    unpack = partial(np.unpackbits, axis=1, count=n_cells, bitorder="little")
    found = [
        (chrom, int(start), tuple(np.flatnonzero(row).tolist()))
        for chrom, piece in merged
        for start, row in zip(piece.start, unpack(piece.active), strict=True)
    ]
    return seconds, peak, len(found), _digest(found)


def prepare_all(place: Path) -> tuple[float, float]:
    """Seconds and peak memory of the whole."""
    return cost_of(
        lambda: prepare_compendium(
            place / "dataset",
            cells=place / "cells",
            genome=place / "genome.fa",
            length=LENGTH,
            merge_overlap=OVERLAP,
        )
    )


def _read(place: Path) -> tuple[dict[str, int], dict[str, np.ndarray]]:
    sizes = json.loads((place / "sizes.json").read_text())
    with np.load(place / "peaks.npz") as file:
        return sizes, {name: file[name] for name in sizes}


def _digest(found: list[Any]) -> int:
    return zlib.crc32(repr(found).encode())


if __name__ == "__main__":
    main()
