"""Where predictions of expression miss most: genes, conditions, single pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Shaped

FEWEST = 10
"""Pairs of a gene or condition, at least, whose mean is told: of fewer it is chance."""


class Worst(NamedTuple):
    """Tables, the worst first."""

    genes: pd.DataFrame
    """``gene``, ``n`` pairs, ``MSE``, and the ``variance`` of its labels: above it the mean of the gene does better."""
    conditions: pd.DataFrame
    """The same by ``condition``."""
    pairs: pd.DataFrame
    """``gene``, ``condition``, ``observed`` and ``predicted`` log ratio."""


def find_worst(
    labels: Shaped[np.ndarray, "g c"],
    predicted: Shaped[np.ndarray, "g c"],
    tested: Bool[np.ndarray, "g c"],
    genes: Sequence[str],
    conditions: Sequence[str],
    *,
    most: int = 20,
) -> Worst:
    """Return the `most` genes, conditions and pairs of the greatest squared errors among those `tested`.

    Absent labels (NaN) are in none of them. Where no gene, or condition, has `FEWEST` tested pairs its table is empty.
    """
    seen = tested & ~np.isnan(labels)
    truth = np.where(seen, labels, 0.0).astype(np.float64)
    squares = np.where(seen, labels - predicted, 0.0).astype(np.float64) ** 2
    by_gene = _by("gene", genes, seen, truth, squares, most)
    by_condition = _by("condition", conditions, seen.T, truth.T, squares.T, most)
    order = np.argsort(-squares, axis=None, kind="stable")[: min(most, int(seen.sum()))]
    rows, columns = np.unravel_index(order, squares.shape)
    pairs = pd.DataFrame(
        {
            "gene": [genes[row] for row in rows],
            "condition": [conditions[column] for column in columns],
            "observed": labels[rows, columns],
            "predicted": predicted[rows, columns],
        }
    )
    return Worst(by_gene, by_condition, pairs)


def _by(
    what: str, names: Sequence[str], seen: np.ndarray, truth: np.ndarray, squares: np.ndarray, most: int
) -> pd.DataFrame:
    n = seen.sum(axis=1)
    mean = truth.sum(axis=1) / np.maximum(n, 1)
    variance = (truth**2).sum(axis=1) / np.maximum(n, 1) - mean**2
    error = squares.sum(axis=1) / np.maximum(n, 1)
    table = pd.DataFrame({what: list(names), "n": n, "MSE": error, "variance": variance})
    return table[n >= FEWEST].sort_values("MSE", ascending=False, kind="stable", ignore_index=True).head(most)
