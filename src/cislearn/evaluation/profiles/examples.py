"""A few loci to be looked at: neither the best nor the worst, but some of every sort."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64, Shaped

PROFILES = ("method", "task", "locus", "divergence", "strand", "position", "observed", "predicted")
"""Columns of ``profiles.parquet``: what `example_profiles` gives, with method and task."""


def spread_loci(divergence: Float64[np.ndarray, " n"], n_loci: int = 3) -> Int64[np.ndarray, " k"]:
    """Rows at evenly spaced quantiles of the divergence, from the tenth percentile to the ninetieth.

    Parameters
    ----------
    divergence : ndarray, shape (n,)
        Of one prediction (the first method's), so that all methods are seen at the same loci; rows with NaN are left
        out.
    n_loci : int
        At most so many.
    """
    order = np.argsort(divergence, kind="stable")[: int((~np.isnan(divergence)).sum())]
    places = np.linspace(0.1, 0.9, n_loci) * max(0, len(order) - 1)
    return order[np.unique(places.round().astype(int))] if len(order) else order


def example_profiles(
    loci: Sequence[str],
    divergence: Float64[np.ndarray, " k"],
    observed: Shaped[np.ndarray, "k s l"],
    predicted: Shaped[np.ndarray, "k s l"],
) -> pd.DataFrame:
    """Profiles as rows of ``profiles.parquet``, one a locus, strand and base.

    Parameters
    ----------
    loci : sequence of str
        What each is called.
    divergence : ndarray, shape (k,)
        Of each locus, to stand beside its picture.
    observed, predicted : ndarray, shape (k, strands, length)
        Reads, and `expected_reads`.

    Returns
    -------
    DataFrame
        Columns locus, divergence, strand (``+`` and ``-``, or ``.``), position (from 0 on), observed, predicted.
    """
    n, strands, length = observed.shape
    names = ["+", "-"] if strands == 2 else ["."]
    return pd.DataFrame(
        {
            "locus": np.repeat(np.array(loci, object), strands * length),
            "divergence": np.repeat(divergence, strands * length).astype("f4"),
            "strand": np.tile(np.repeat(np.array(names, object), length), n),
            "position": np.tile(np.arange(length, dtype="i4"), n * strands),
            "observed": observed.ravel().astype("f4"),
            "predicted": predicted.ravel().astype("f4"),
        }
    )
