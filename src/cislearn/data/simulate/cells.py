"""The cell types: their base composition, and the cofactor whose motif goes along with binding in one of them only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cislearn.errors import UserError, nearest

FOCAL = "MA0062.4"
"""GABPA, the factor whose binding is the label."""

HELPER = "MA0060.4"
"""NFYA, which GABPA needs close by."""

IN_OWN_CELL = (0.8, 0.1)
IN_OTHER_CELLS = (0.05, 0.05)
"""Probability that a cofactor's motif is there in positives and in negatives."""


@dataclass(frozen=True)
class Cell:
    """A cell type.

    Parameters
    ----------
    cofactor : str
        JASPAR identifier.
    gc : float
        Mean G + C of its windows.
    delta : float
        By how much positives have more G + C than negatives.
    """

    cofactor: str
    gc: float
    delta: float


CELLS: Mapping[str, Cell] = {
    "ery": Cell("MA0035.5", 0.50, 0.08),  # GATA1
    "hep": Cell("MA0114.5", 0.42, 0.0),  # HNF4A
    "bcell": Cell("MA0154.5", 0.54, 0.04),  # EBF1
    "epi": Cell("MA0099.4", 0.38, -0.04),  # FOS::JUN
}


@dataclass(frozen=True)
class Recipe:
    """What the windows of one domain are drawn from; the grammar of binding is the same in all.

    Parameters
    ----------
    gc, delta : float
        See `Cell`.
    prevalence : float
        Probability of a positive.
    cofactors : mapping of str to (float, float)
        By JASPAR identifier the probability of a motif in positives and in negatives.
    """

    gc: float
    delta: float
    prevalence: float
    cofactors: Mapping[str, tuple[float, float]]


def recipe(cell: str, prevalence: float = 0.5) -> Recipe:
    """Return the recipe of a cell type: its own cofactor is a shortcut, those of others are rare and mean nothing.

    Raises
    ------
    UserError
        Where no cell type has this name; says the nearest.
    """
    if cell not in CELLS:
        raise UserError(f"there is no simulated cell type {cell!r}{nearest(cell, CELLS)}")
    cofactors = {each.cofactor: IN_OWN_CELL if name == cell else IN_OTHER_CELLS for name, each in CELLS.items()}
    return Recipe(CELLS[cell].gc, CELLS[cell].delta, prevalence, cofactors)
