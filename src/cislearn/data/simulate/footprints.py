"""The family ``profiles``: counts at single bases, piled up about planted motifs, on a background with a bias."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float16, Float32, Float64, Int, UInt8

from cislearn.data.profiles import Profiles, total_counts
from cislearn.data.simulate.cells import CELLS, FOCAL, HELPER, Recipe
from cislearn.data.simulate.windows import Windows, draw_windows
from cislearn.data.tracks import normalise
from cislearn.errors import UserError
from cislearn.motifs.jaspar import jaspar
from cislearn.schema import InputSpec, TaskSpec

PROFILES = "profiles"
CONTROL = InputSpec("control", "track", rc="flip")
"""Counts of an experiment without the factor: the bias alone."""

FLANKS = 346
"""Bases of a window beside its profile: what `bpnet` reads at its defaults."""
MARGIN = 8
"""Bases stored on either side, as windows move in training."""

FOCAL_HEIGHT, HELPER_HEIGHT, COFACTOR_HEIGHT = 60.0, 25.0, 30.0
"""Counts that a motif is expected to have, on both strands together; a cofactor in its own cell."""
OWN_STRAND = 0.65
"""Share of these on the strand of the motif."""
DISTANCE, SPREAD = 8, 3.0
"""Of a pile: bp from the end of the motif, upstream on either strand, and sd (bp) of its shape."""
BACKGROUND = 0.02
"""Counts of each base and strand where there is no motif."""
CONTROL_DEPTH = 0.5
"""Counts of each base in the control."""


class Footprints(NamedTuple):
    """Windows of one cell with their counts."""

    windows: Windows
    """Their truth has a ``height``, the counts expected of each motif; they and it have margins on either side."""
    counts: Float32[np.ndarray, "n 2 width"]
    """Of the plus and the minus strand, about the middle of the windows, with the margins."""
    control: Float16[np.ndarray, "n 1 stored"]
    """Normalised, along the windows."""


def profile_task(length: int) -> TaskSpec:
    """Return the task of windows of `length` bp.

    Raises
    ------
    UserError
        Where they leave nothing beside the flanks.
    """
    if length <= FLANKS or length % 2:
        raise UserError(
            f"windows of {length} bp have no profile between flanks of {FLANKS // 2} bp each",
            fix=f"Take an even length of more than {FLANKS} bp.",
        )
    return TaskSpec("nexus", "profile", 2, length - FLANKS, "flip_and_permute")


def draw_footprints(
    recipe: Recipe, cell: str, severity: float, bias: float, n: int, length: int, rng: np.random.Generator
) -> Footprints:
    """Draw windows of one cell, and counts where motifs lie.

    All cells have the same motifs; a cofactor has its footprint in its own cell, and in another 1 - `severity` of it.

    Parameters
    ----------
    recipe : Recipe
        Composition and cofactors.
    cell : str
        Whose own cofactor binds in full.
    severity : float
        From 0 to 1.
    bias : float
        How much single words of three bases raise or lower all counts, those of the control too: sd of the logarithm.
    n, length : int
        Windows, and their length in bp without the margins.
    rng : Generator
        Where chance comes from.
    """
    positions = profile_task(length).profile_length
    windows = draw_windows(recipe, n, length + 2 * MARGIN, rng)
    heights = {jaspar(FOCAL).name: FOCAL_HEIGHT, jaspar(HELPER).name: HELPER_HEIGHT}
    for name, each in CELLS.items():
        heights[jaspar(each.cofactor).name] = COFACTOR_HEIGHT * (1.0 if name == cell else 1.0 - severity)
    truth = windows.truth.assign(height=windows.truth["motif"].map(heights))
    factor = word_bias(windows.tokens, bias)
    middle = slice(FLANKS // 2, FLANKS // 2 + positions + 2 * MARGIN)
    expected = expected_counts(truth, n, length + 2 * MARGIN) * factor[:, None]
    control = rng.poisson(CONTROL_DEPTH * factor).astype(np.float32)
    return Footprints(
        windows._replace(truth=truth),
        rng.poisson(expected[:, :, middle]).astype(np.float32),
        normalise(control, CONTROL_DEPTH).astype(np.float16)[:, None],
    )


def expected_counts(truth: pd.DataFrame, n: int, width: int) -> Float64[np.ndarray, "n 2 width"]:
    """Return the counts that motifs are expected to have on the plus and the minus strand, without a bias.

    Ends of fragments lie before the motif on either strand, as in ChIP-nexus: on the plus strand left of it, on the
    minus strand right of it. More of them lie on the strand that the motif is read on.

    Parameters
    ----------
    truth : DataFrame
        row, start, end (0-based half-open in the stored window), strand, height.
    n, width : int
        Windows, and bases of each.
    """
    expected = np.full((n, 2, width), BACKGROUND)
    offsets = np.arange(-4 * int(SPREAD), 4 * int(SPREAD) + 1)
    shape = np.exp(-((offsets / SPREAD) ** 2) / 2)
    shape /= shape.sum()
    row, is_plus = truth["row"].to_numpy(), (truth["strand"] == "+").to_numpy()
    centres = truth["start"].to_numpy() - DISTANCE, truth["end"].to_numpy() - 1 + DISTANCE
    for strand, centre in enumerate(centres):
        share = np.where(is_plus == (strand == 0), OWN_STRAND, 1 - OWN_STRAND)
        piled = (truth["height"].to_numpy() * share)[:, None] * shape
        place = centre[:, None] + offsets
        inside = (place >= 0) & (place < width)
        rows = np.broadcast_to(row[:, None], place.shape)
        np.add.at(expected[:, strand], (rows[inside], place[inside]), piled[inside])
    return expected


def true_counts(truth: pd.DataFrame, rows: Int[np.ndarray, " n"], length: int) -> Float64[np.ndarray, "n 2 positions"]:
    """Return the counts expected at the positions of the profiles of `rows`, without a bias.

    Parameters
    ----------
    truth : DataFrame
        As a simulated dataset of windows of `length` bp keeps it: places without the margin.
    rows : ndarray, shape (n,)
        Ascending.
    length : int
        Of the windows in bp.
    """
    mine = truth[truth["row"].isin(rows)]
    moved = mine.assign(row=np.searchsorted(rows, mine["row"]), start=mine["start"] + MARGIN, end=mine["end"] + MARGIN)
    first = FLANKS // 2 + MARGIN
    expected = expected_counts(moved, len(rows), length + 2 * MARGIN)
    return expected[:, :, first : first + profile_task(length).profile_length]


def piles_of(truth: pd.DataFrame, rows: Int[np.ndarray, " n"]) -> pd.DataFrame:
    """Return the piles of the motifs of `rows`, two a motif: row among them, strand (0 plus), centre in the profile."""
    mine = truth[truth["row"].isin(rows) & (truth["height"] > 0)]
    row = np.searchsorted(rows, mine["row"])
    centres = mine["start"] - DISTANCE, mine["end"] - 1 + DISTANCE
    return pd.concat(
        [
            pd.DataFrame({"row": row, "strand": strand, "centre": centre.to_numpy() - FLANKS // 2})
            for strand, centre in enumerate(centres)
        ],
        ignore_index=True,
    )


def word_bias(tokens: UInt8[np.ndarray, "n width"], bias: float) -> Float64[np.ndarray, "n width"]:
    """Return a factor for each base, by the word of three about it; the same for a word and its reverse complement."""
    words = np.arange(64)
    partners = (3 - words % 4) * 16 + (3 - words // 4 % 4) * 4 + 3 - words // 16
    drawn = np.random.default_rng(0).normal(size=64)  # the enzyme is the same in all data sets
    logarithm = bias * (drawn + drawn[partners]) / np.sqrt(2)
    padded = np.pad(tokens.astype(np.int64), ((0, 0), (1, 1)), mode="edge")
    return np.exp(logarithm - bias**2 / 2)[padded[:, :-2] * 16 + padded[:, 1:-1] * 4 + padded[:, 2:]]


def profiles_of(drawn: Sequence[Footprints]) -> tuple[Profiles, Float32[np.ndarray, "n 1"]]:
    """Return the profiles of several cells, one after the other, and their total counts as labels."""
    counts = np.concatenate([each.counts for each in drawn])
    return Profiles(counts, np.zeros(2, dtype=np.int64)), total_counts(counts, MARGIN)[:, None]
