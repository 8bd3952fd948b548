"""The family ``openness``: the same loci in every cell, open in one and closed in another, and a track that tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float16, Int64

from cislearn.data.simulate.cells import CELLS, Recipe
from cislearn.data.simulate.grammar import MOTIF_ALONE
from cislearn.data.simulate.windows import Windows, draw_windows
from cislearn.data.tracks import normalise
from cislearn.motifs.jaspar import jaspar
from cislearn.schema import InputSpec

OPENNESS = "openness"
TRACK = InputSpec("accessibility", "track", rc="flip")

COFACTOR = 0.5
"""Probability that a locus has the motif of a cell's cofactor, whether the focal motif is there or not."""
OPEN = (0.1, 0.9)
"""Probability that a locus is open in a cell without and with the motif of that cell's cofactor."""
READ = 20
"""Bases that one read covers."""
HEIGHT, SPREAD, JITTER = 6.0, 20.0, 10.0
"""Of the peak of an open locus: times the background at its summit; sd (bp) of its shape, and of where it lies."""


class Opened(NamedTuple):
    """The same windows in all cells.

    Parameters
    ----------
    windows : dict of str to Windows
        Of each cell: bound where the focal motif is and the locus is open.
    signals : ndarray, shape (cells * n, 1, length), float16
        Normalised coverage, cell by cell.
    """

    windows: dict[str, Windows]
    signals: Float16[np.ndarray, "rows 1 length"]


def opened_recipe(first: Recipe, cells: Sequence[str]) -> Recipe:
    """Return what the loci are drawn from: cofactors and composition say nothing of where the focal motif is."""
    return replace(first, delta=0.0, cofactors={CELLS[cell].cofactor: (COFACTOR, COFACTOR) for cell in cells})


def draw_opened(recipe: Recipe, cells: Sequence[str], severity: float, n: int, length: int, seed: int) -> Opened:
    """Draw `n` loci, and in which cells they are open.

    Each cell opens most loci that have its own cofactor's motif, so what a network learns of sequence in one cell is
    wrong in another. At `severity` 0 a locus is open where it is in the first cell; between 0 and 1 it is with
    probability 1 - `severity`. Cells are sequenced to different depths.

    Parameters
    ----------
    recipe : Recipe
        Of `opened_recipe`.
    cells : sequence of str
        The first is the source that others are held against.
    severity : float
        From 0 to 1.
    n, length : int
        Loci, and their length in bp.
    seed : int
        Same seed, same loci.
    """
    # Numbers that no domain of another family has. A last number of 0 would change nothing, so cells begin at 1.
    loci = draw_windows(recipe, n, length, np.random.default_rng([seed, len(CELLS)]), MOTIF_ALONE)
    rngs = [np.random.default_rng([seed, len(CELLS), 1 + list(CELLS).index(cell)]) for cell in cells]
    first = _draw_open(loci.truth, cells[0], n, rngs[0])
    windows, signals = {}, []
    for cell, rng in zip(cells, rngs, strict=True):
        own = first if cell == cells[0] else _draw_open(loci.truth, cell, n, rng)
        is_open = np.where(rng.random(n) < severity, own, first)
        depth = rng.uniform(1.0, 4.0)
        windows[cell] = loci._replace(labels=loci.labels & is_open)
        signals.append(normalise(_draw_coverage(is_open, length, depth, rng), depth).astype(np.float16))
    return Opened(windows, np.concatenate(signals)[:, None])


def _draw_open(truth: pd.DataFrame, cell: str, n: int, rng: np.random.Generator) -> Bool[np.ndarray, " n"]:
    has_cofactor = np.zeros(n, dtype=bool)
    has_cofactor[truth["row"][truth["motif"] == jaspar(CELLS[cell].cofactor).name]] = True
    return rng.random(n) < np.where(has_cofactor, OPEN[1], OPEN[0])


def _draw_coverage(is_open: Bool[np.ndarray, " n"], length: int, depth: float, rng: np.random.Generator) -> np.ndarray:
    """Reads over each base, `depth` in the mean where a locus is closed."""
    place = np.arange(length + READ - 1) - (length + READ - 1) / 2
    centre = rng.normal(0.0, JITTER, (len(is_open), 1))
    peak = HEIGHT * is_open[:, None] * np.exp(-(((place - centre) / SPREAD) ** 2) / 2)
    starts: Int64[np.ndarray, "n width"] = rng.poisson(depth / READ * (1 + peak))
    before = np.cumsum(np.pad(starts, ((0, 0), (1, 0))), axis=1)
    return (before[:, READ:] - before[:, :-READ]).astype(np.float32)
