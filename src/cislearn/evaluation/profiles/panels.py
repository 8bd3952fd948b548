"""Profile metrics as panels, so that their intervals and differences come from the same resamples as all others.

Most are means over rows of one value a row, which stand as columns in ``predictions.parquet``. A correlation of counts
is computed anew over the rows of each resample. Neither is ever one number over all bases of all loci: such a number is
high wherever some loci have more reads than others, however wrong each profile is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float64, Shaped

from cislearn.evaluation.profiles.names import COUNTS, MEANS
from cislearn.evaluation.regression import pearson_many, spearman_many
from cislearn.evaluation.resamples import Panel
from cislearn.evaluation.weighting import divide, weighted_sums


def profile_panels(
    log_counts: Float[np.ndarray, "seeds n"],
    values: Float[np.ndarray, "seeds n k"],
    names: Sequence[str] = tuple(MEANS.values()),
) -> list[Panel]:
    """Panels of means and of counts; the labels that belong to them are counts of all strands together.

    Parameters
    ----------
    log_counts : ndarray, shape (seeds, n)
        ``log(1 + N)`` as predicted.
    values : ndarray, shape (seeds, n, k)
        What each row gives to each mean; NaN where it is not defined.
    names : sequence of str
        Of the means.
    """
    return [*defined_alike(Panel(tuple(names), means_over_rows_many, values)), Panel(COUNTS, counts_many, log_counts)]


def defined_alike(*panels: Panel) -> list[Panel]:
    """Panels of means whose values are left out wherever any seed of any of them lacks one.

    So every mean, and both sides of a difference, are over the same rows.
    """
    lacking = np.any([np.isnan(panel.scores).any(axis=0) for panel in panels], axis=0)
    return [panel._replace(scores=np.where(lacking, np.nan, panel.scores)) for panel in panels]


def n_defined(means: Panel) -> dict[str, int]:
    """How many rows each of the means is of."""
    return dict(zip(means.names, (~np.isnan(means.scores[0])).sum(axis=0).tolist(), strict=True))


def means_over_rows_many(
    labels: Shaped[np.ndarray, "n ..."], values: Float[np.ndarray, "n k"], weights: Shaped[np.ndarray, "r n"]
) -> Float64[np.ndarray, "r k"]:
    """Mean over the rows that have a value; labels are not looked at."""
    defined = ~np.isnan(values)
    total, weight = np.split(weighted_sums(weights, np.column_stack([np.where(defined, values, 0.0), defined])), 2, 1)
    return divide(total, weight)


def counts_many(
    labels: Shaped[np.ndarray, " n"], predicted: Float[np.ndarray, " n"], weights: Shaped[np.ndarray, "r n"]
) -> Float64[np.ndarray, "r 2"]:
    """Pearson and Spearman correlation over rows of log(1 + counts) with what is predicted of it.

    One number a row: strands are never pooled as rows, since where one is deeper that alone would correlate.
    """
    observed = np.log1p(labels)
    return np.column_stack([many(observed, predicted, weights) for many in (pearson_many, spearman_many)])
