"""Profile metrics as panels, so that their intervals and differences come from the same resamples as all others.

A metric of the shape is a mean over loci of one value a locus. A correlation of counts is computed anew over the loci
of each resample. Neither is ever one number over all bases of all loci: such a number is high wherever some loci have
more reads than others, however wrong each profile is.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import numpy as np
from jaxtyping import Float, Float64, Shaped

from cislearn.evaluation.intervals import Panel
from cislearn.evaluation.profiles.families import FAMILIES, FamilyName, locus_values
from cislearn.evaluation.regression import pearson_many, spearman_many
from cislearn.evaluation.weighting import divide, weighted_sums

COUNTS = ("counts Pearson", "counts Spearman")
"""Correlations of log counts over loci, a mean over strands."""


def profile_panels(
    observed: Shaped[np.ndarray, "n s l"],
    predicted: Iterable[tuple[Float[np.ndarray, "n s l"], Float[np.ndarray, "n s"]]],
    family: FamilyName = "strand_aware",
) -> list[Panel]:
    """Panels of shape and of counts; the labels that belong to them are the observed `log_counts`.

    Parameters
    ----------
    observed : ndarray, shape (n, strands, length)
        Reads at each base.
    predicted : iterable of (ndarray, ndarray)
        Of each seed the probabilities (n, strands, length) and the log counts (n, strands); taken one after the other.
    family : {"strand_aware", "published"}
        Of the metrics of the shape.
    """
    values, counts = [], []
    for shapes, log_counts in predicted:
        values.append(locus_values(observed, shapes, family))
        counts.append(log_counts)
    columns = FAMILIES[family].columns
    mean = partial(means_over_loci_many, columns=tuple(columns.values()))
    shape = Panel(tuple(columns), mean, np.stack(values))
    return [*scored_alike(shape), Panel(COUNTS, counts_many, np.stack(counts))]


def scored_alike(*panels: Panel) -> list[Panel]:
    """Panels of the shape whose values are left out wherever any seed of any of them lacks one.

    So every mean, and both sides of a difference, are over the same loci.
    """
    lacking = np.any([np.isnan(panel.scores).any(axis=0) for panel in panels], axis=0)
    return [panel._replace(scores=np.where(lacking, np.nan, panel.scores)) for panel in panels]


def n_scored(shape: Panel, family: FamilyName) -> dict[str, int]:
    """How many loci each metric of the shape is a mean over."""
    defined = ~np.isnan(shape.scores[0])
    return {name: int(defined[:, columns].all(axis=1).sum()) for name, columns in FAMILIES[family].columns.items()}


def means_over_loci_many(
    labels: Shaped[np.ndarray, "n ..."],
    values: Float64[np.ndarray, "n c"],
    weights: Shaped[np.ndarray, "r n"],
    columns: tuple[tuple[int, ...], ...],
) -> Float64[np.ndarray, "r k"]:
    """Mean over the loci that have a value, then over the columns of each metric; labels are not looked at."""
    defined = ~np.isnan(values)
    sums = weighted_sums(weights, np.column_stack([np.where(defined, values, 0.0), defined]))
    total, weight = np.split(sums, 2, axis=1)
    means = divide(total, weight)
    return np.column_stack([means[:, list(chosen)].mean(axis=1) for chosen in columns])


def counts_many(
    labels: Float[np.ndarray, "n s"], predicted: Float[np.ndarray, "n s"], weights: Shaped[np.ndarray, "r n"]
) -> Float64[np.ndarray, "r 2"]:
    """Pearson and Spearman correlation of log counts over loci, each the mean over strands.

    Strands are never pooled: where one is deeper than the other, that alone would correlate.
    """
    strands = list(zip(labels.T, predicted.T, strict=True))
    by_strand = [[many(*strand, weights) for strand in strands] for many in (pearson_many, spearman_many)]
    return np.mean(by_strand, axis=1).T
