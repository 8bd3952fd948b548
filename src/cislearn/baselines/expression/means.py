"""Means of the labels that are seen: of all, of each gene, of each condition, and of both added up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float64

from cislearn.baselines.expression.fit import Inputs, Setting

_SWEEPS = 20
"""Turns of genes and conditions; with a tenth of the matrix absent the tenth turn changes nothing any more."""


class Effects:
    """Constant, effects of genes and effects of conditions; which of them, a subclass says."""

    name: str
    settings: tuple[Setting, ...] = ((),)
    genes = conditions = False

    def complete(
        self, seen: Float64[np.ndarray, "g c"], inputs: Inputs, settings: Sequence[Setting]
    ) -> Iterator[Float64[np.ndarray, "g c"]]:
        """Predict every pair; a gene or condition of which nothing is seen has the effect 0."""
        constant, of_gene, of_condition = effects(seen, genes=self.genes, conditions=self.conditions)
        for _ in settings:
            yield constant + of_gene[:, None] + of_condition[None]


class Constant(Effects):
    """The mean of all labels."""

    name = "constant"


class GeneMean(Effects):
    """The mean of each gene."""

    name = "gene mean"
    genes = True


class ConditionMean(Effects):
    """The mean of each condition."""

    name = "condition mean"
    conditions = True


class Additive(Effects):
    """The sum of effects of gene and condition that fits best."""

    name = "additive"
    genes = conditions = True


def effects(
    seen: Float64[np.ndarray, "g c"], *, genes: bool = True, conditions: bool = True
) -> tuple[float, Float64[np.ndarray, " g"], Float64[np.ndarray, " c"]]:
    """Least squares of ``constant + gene + condition`` on the labels that are not NaN, by turns."""
    is_seen = ~np.isnan(seen)
    constant = float(seen[is_seen].mean())
    rest = np.where(is_seen, seen - constant, 0.0)
    n_row, n_column = np.maximum(is_seen.sum(axis=1), 1), np.maximum(is_seen.sum(axis=0), 1)
    of_gene, of_condition = np.zeros(len(seen)), np.zeros(seen.shape[1])
    for _ in range(_SWEEPS if genes and conditions else 1):
        if genes:
            of_gene = (rest.sum(axis=1) - is_seen @ of_condition) / n_row
        if conditions:
            of_condition = (rest.sum(axis=0) - is_seen.T @ of_gene) / n_column
    return constant, of_gene, of_condition
