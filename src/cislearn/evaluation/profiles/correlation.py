"""Correlations along the last axis of many profiles at once; NaN, never 0, where one side is constant."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Shaped
from scipy.stats import rankdata

from cislearn.evaluation.weighting import divide

ROUNDING = 1e-12
"""Share of the sum of squares below which a variance is rounding: the profile is constant."""


def pearson_along(
    observed: Shaped[np.ndarray, "*rows length"], predicted: Shaped[np.ndarray, "*rows length"]
) -> Float64[np.ndarray, "*rows"]:
    """Pearson correlation of each profile with its prediction; NaN where one of the two is constant."""
    a, b = _centred(observed), _centred(predicted)
    covariance = np.einsum("...l,...l->...", a, b)
    squares = np.einsum("...l,...l->...", a, a) * np.einsum("...l,...l->...", b, b)
    return divide(covariance, np.sqrt(squares))


def spearman_along(
    observed: Shaped[np.ndarray, "*rows length"], predicted: Shaped[np.ndarray, "*rows length"]
) -> Float64[np.ndarray, "*rows"]:
    """Spearman correlation of each profile with its prediction, ties at their mean rank; NaN where one is constant."""
    return pearson_along(rankdata(observed, axis=-1), rankdata(predicted, axis=-1))


def _centred(values: np.ndarray) -> np.ndarray:
    """Values less their mean; exactly 0 where they are constant, and only there. There may be none."""
    values = np.asarray(values, np.float64)
    centred = values - values.sum(axis=-1, keepdims=True) / max(1, values.shape[-1])
    varies = np.square(centred).sum(axis=-1) > ROUNDING * np.square(values).sum(axis=-1)
    return centred * varies[..., None]
