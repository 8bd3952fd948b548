"""Windows of one domain, drawn from its recipe."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int64, UInt8

from cislearn.data.simulate.background import draw_background, draw_gc
from cislearn.data.simulate.cells import FOCAL, HELPER, Recipe
from cislearn.data.simulate.grammar import GIVEN_LABEL, check_length, draw_states, place_grammar
from cislearn.data.simulate.place import Canvas
from cislearn.motifs.jaspar import jaspar
from cislearn.motifs.matrix import Motif
from cislearn.sequence.strand import reverse_complement


class Windows(NamedTuple):
    """Simulated windows of one domain.

    Parameters
    ----------
    tokens : ndarray, shape (n, length), uint8
        A0 C1 G2 T3.
    labels : ndarray, shape (n,), bool
        Bound or not.
    states : ndarray, shape (n,), int64
        Codes into `cislearn.data.simulate.grammar.STATES`.
    truth : DataFrame
        Planted motifs: row, motif, start, end, strand (0-based half-open in the window).
    """

    tokens: UInt8[np.ndarray, "n length"]
    labels: Bool[np.ndarray, " n"]
    states: Int64[np.ndarray, " n"]
    truth: pd.DataFrame


def draw_windows(
    recipe: Recipe,
    n: int,
    length: int,
    rng: np.random.Generator,
    given_label: Float64[np.ndarray, "2 5"] = GIVEN_LABEL,
) -> Windows:
    """Draw `n` windows of `length` bp: label, state given the label, background given the label, then the motifs.

    Raises
    ------
    UserError
        Where the windows are too short for the grammar; says the least length.
    """
    focal, helper = jaspar(FOCAL), jaspar(HELPER)
    check_length(length, focal.width, helper.width)
    labels = rng.random(n) < recipe.prevalence
    states = draw_states(labels, rng, given_label)
    canvas = Canvas(_on_either_strand(draw_background(draw_gc(labels, recipe.gc, recipe.delta, rng), length, rng), rng))
    places = place_grammar(states, length, focal.width, helper.width, rng)
    for motif, starts in ((focal, places.focal), (helper, places.helper)):
        rows = np.flatnonzero(starts >= 0)
        canvas.plant(motif, rows, starts[rows], rng)
    for name, (in_positives, in_negatives) in recipe.cofactors.items():
        present = rng.random(n) < np.where(labels, in_positives, in_negatives)
        _plant_anywhere_free(canvas, jaspar(name), np.flatnonzero(present), rng)
    return Windows(canvas.tokens, labels, states, canvas.truth())


def _plant_anywhere_free(canvas: Canvas, motif: Motif, rows: np.ndarray, rng: np.random.Generator) -> None:
    """Plant `motif` off all others. Two cofactors always find room; a third is left out where it finds none."""
    starts = canvas.free_starts(rows, motif.width, rng)
    room = starts >= 0
    canvas.plant(motif, rows[room], starts[room], rng)


def _on_either_strand(tokens: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    minus = rng.random(len(tokens)) < 0.5
    tokens[minus] = reverse_complement(tokens[minus])
    return tokens
