"""A genome of our own with peaks of a factor and open regions without: the way of the ChIP-seq task, end to end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from cislearn.atomic import file_written_whole
from cislearn.data.simulate.background import draw_background, draw_gc
from cislearn.data.simulate.place import Canvas
from cislearn.motifs.jaspar import jaspar
from cislearn.sequence.tokens import decode

CHROMOSOMES = 10
FACTOR, COFACTORS = "MA0058.4", ("MA0139.2", "MA0080.7")
"""JASPAR's MAX, and CTCF and SPI1, which open regions have with peaks or without."""
SPACING, OPEN = 1500, 400
"""From one region to the next, and the stretch about its centre that motifs lie in, in bp."""
NEGATIVES = 4
"""Open regions without a peak for each peak, as published training has it."""
COPIES = (0.0, 0.55, 0.3, 0.15), (0.7, 0.25, 0.05, 0.0)
"""Probability of no, one, two and three motifs of the factor under a peak, and in an open region without one."""


def write_simulated_genome(folder: Path, *, n: int, seed: int = 0) -> None:
    """Write ``genome.fa``, ``FACTOR.bed`` with `n` peaks and ``open.bed`` with all open regions into `folder`.

    GC content says nothing of a peak, and cofactors are as frequent in either kind: the number of motifs tells.
    """
    rng = np.random.default_rng(seed)
    is_peak = rng.permutation(np.arange((1 + NEGATIVES) * n) < n)
    tokens = _draw_regions(is_peak, rng)
    chromosome = np.arange(len(is_peak)) * CHROMOSOMES // len(is_peak)
    folder.mkdir(parents=True, exist_ok=True)
    lines: dict[str, list[str]] = {"FACTOR.bed": [], "open.bed": []}
    with file_written_whole(folder / "genome.fa") as partial, partial.open("w") as fasta:
        for number in range(CHROMOSOMES):
            rows = np.flatnonzero(chromosome == number)
            fasta.write(f">chr{number + 1}\n{decode(tokens[rows].ravel())}\n")
            centres = np.arange(len(rows)) * SPACING + SPACING // 2
            for name, mine in (("FACTOR.bed", centres[is_peak[rows]]), ("open.bed", centres)):
                lines[name] += [f"chr{number + 1}\t{c - OPEN // 2}\t{c + OPEN // 2}\n" for c in mine]
    for name, text in lines.items():
        with file_written_whole(folder / name) as partial:
            partial.write_text("".join(text))


def _draw_regions(is_peak: np.ndarray, rng: np.random.Generator) -> UInt8[np.ndarray, "n spacing"]:
    n, first = len(is_peak), (SPACING - OPEN) // 2
    tokens = draw_background(draw_gc(is_peak, 0.45, 0.0, rng), SPACING, rng)
    canvas = Canvas(tokens[:, first : first + OPEN].copy())
    chance, bound, unbound = rng.random(n), *(np.cumsum(each) for each in COPIES)
    copies: Int64[np.ndarray, " n"] = np.where(
        is_peak, np.searchsorted(bound, chance, "right"), np.searchsorted(unbound, chance, "right")
    )
    for k in range(int(copies.max())):
        _plant(canvas, FACTOR, np.flatnonzero(copies > k), rng)
    for cofactor in COFACTORS:
        _plant(canvas, cofactor, np.flatnonzero(rng.random(n) < 0.4), rng)
    tokens[:, first : first + OPEN] = canvas.tokens
    return tokens


def _plant(canvas: Canvas, identifier: str, rows: np.ndarray, rng: np.random.Generator) -> None:
    motif = jaspar(identifier)
    starts = canvas.free_starts(rows, motif.width, rng)
    canvas.plant(motif, rows[starts >= 0], starts[starts >= 0], rng)
