"""Windows drawn at random from a genome, with the chromosomes and the GC content of given ones."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int64

from cislearn.genome.token_genome import Genome
from cislearn.sequence.composition import gc_fraction
from cislearn.sequence.matching import Matched, match_gc
from cislearn.sequence.tokens import N

_CHUNK = 1 << 22
"""Bases looked at at a time, which bounds the memory."""

_FIRST_LOOK, _MORE = 20, 4
"""Windows looked at for each wanted one, and by how much more where their GC content does not suffice."""


class Drawn(NamedTuple):
    """What `draw_matched` found.

    Parameters
    ----------
    model : ndarray, shape (k,), int64
        For each window drawn the row of `wanted` that it stands for, on the same chromosome.
    start : ndarray, shape (k,), int64
        Its first base, 0-based.
    gc : ndarray, shape (k,), float64
        Its GC content.
    n_elsewhere : int
        Windows that differ from the wanted GC content by a bin or more.
    """

    model: Int64[np.ndarray, " k"]
    start: Int64[np.ndarray, " k"]
    gc: Float64[np.ndarray, " k"]
    n_elsewhere: int


def draw_matched(
    genome: Genome,
    wanted: pd.DataFrame,
    taken: pd.DataFrame,
    *,
    length: int,
    margin: int,
    max_unknown: int,
    rng: np.random.Generator,
) -> Drawn:
    """Draw one window for each wanted one, from the same chromosome and with the GC content that the wanted ones have.

    Each chromosome is cut into windows that lie side by side from a random base on, so that no two of them overlap. Of
    those that are free some are looked at, drawn at random, and more as long as any bin of GC content runs dry
    (`cislearn.sequence.matching.match_gc`).

    Parameters
    ----------
    genome : Genome
        To draw from.
    wanted : DataFrame
        chrom and gc, one row a window to draw.
    taken : DataFrame
        chrom, start, end of what no window may overlap.
    length, margin : int
        Bases of a window, and on either side of it; all of these lie within the chromosome.
    max_unknown : int
        The most N that a window may hold.
    rng : Generator
        Source of the draw.

    Returns
    -------
    Drawn
        Fewer windows than wanted where a chromosome has no more that are free.
    """
    none = np.empty(0, dtype=np.int64)
    drawn = [Drawn(none, none, np.empty(0), 0)]
    chromosome, gc = wanted["chrom"].to_numpy(), wanted["gc"].to_numpy(np.float64)
    for name, size in genome.chromosomes.items():
        model = np.flatnonzero(chromosome == name)
        if len(model):
            here = taken[taken["chrom"] == name]
            tiles = _free_tiles(size, here["start"].to_numpy(), here["end"].to_numpy(), length, margin, rng)
            found, pool = _match(genome, genome.code(name), tiles, gc[model], length, max_unknown, rng)
            stands_for = rng.permutation(model)[: len(found.rows)]
            drawn.append(Drawn(stands_for, tiles[found.rows], pool[found.rows], found.n_elsewhere))
    model, start, of_drawn = (np.concatenate(column) for column in zip(*(d[:3] for d in drawn), strict=True))
    return Drawn(model, start, of_drawn, sum(d.n_elsewhere for d in drawn))


def _free_tiles(
    size: int,
    start: Int64[np.ndarray, " m"],
    end: Int64[np.ndarray, " m"],
    length: int,
    margin: int,
    rng: np.random.Generator,
) -> Int64[np.ndarray, " k"]:
    """Starts of the windows of a chromosome that overlap none of the intervals, in random order."""
    first = margin + int(rng.integers(length))
    n_tiles = max(0, (size - margin - first) // length)
    before = np.clip((start - first) // length, 0, n_tiles)
    after = np.clip((end - 1 - first) // length + 1, 0, n_tiles)
    covered = np.cumsum(np.bincount(before, minlength=n_tiles + 1) - np.bincount(after, minlength=n_tiles + 1))
    return first + length * rng.permutation(np.flatnonzero(covered[:n_tiles] == 0))


def _match(
    genome: Genome,
    code: int,
    tiles: Int64[np.ndarray, " k"],
    gc_wanted: Float64[np.ndarray, " n"],
    length: int,
    max_unknown: int,
    rng: np.random.Generator,
) -> tuple[Matched, Float64[np.ndarray, " seen"]]:
    """Tiles whose GC content matches, and the GC content of those that were looked at."""
    n, seed = len(gc_wanted), int(rng.integers(2**31))
    gc = np.empty(0)
    while True:
        more = tiles[len(gc) : max(_FIRST_LOOK * n, _MORE * len(gc))]
        gc = np.concatenate([gc, _gc_where_known(genome, code, more, length, max_unknown)])
        found = match_gc(gc_wanted, gc, n, seed)
        if len(gc) == len(tiles) or (len(found.rows) == n and not found.n_elsewhere):
            return found, gc


def _gc_where_known(
    genome: Genome, code: int, start: Int64[np.ndarray, " k"], length: int, max_unknown: int
) -> Float64[np.ndarray, " k"]:
    """GC content of windows of a chromosome, NaN where they have too many N."""
    gc = np.full(len(start), np.nan)
    step = max(1, _CHUNK // length)
    for rows in (slice(k, k + step) for k in range(0, len(start), step)):
        window = genome.gather(np.full(len(start[rows]), code), start[rows], length)
        is_known: Bool[np.ndarray, " c"] = (window == N).sum(axis=1) <= max_unknown
        gc[rows] = np.where(is_known, gc_fraction(window), np.nan)
    return gc
