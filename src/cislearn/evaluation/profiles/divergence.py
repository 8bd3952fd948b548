"""The Jensen-Shannon divergence of two profiles, smoothed a little, so that a peak one base off is not a miss."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Shaped
from scipy.ndimage import gaussian_filter1d
from scipy.special import rel_entr

SIGMA, TRUNCATE = 3.0, 1.0
"""Of the Gaussian in bp, and where it is cut off, in sigmas: 3 bp on either side."""


def jensen_shannon(
    observed: Shaped[np.ndarray, "*rows length"], predicted: Shaped[np.ndarray, "*rows length"]
) -> Float64[np.ndarray, "*rows"]:
    """Jensen-Shannon divergence of smoothed profiles along the last axis, in nats: 0 to log 2.

    The divergence itself, not its square root, which scipy calls the distance. Both sides are smoothed alike, mirrored
    at the ends, and only then made to sum to one, as in the profile benchmark of Zhou et al. 2022.

    Parameters
    ----------
    observed, predicted : ndarray, shape (n, ..., length)
        Counts or probabilities, at least 0; their scale does not matter.

    Returns
    -------
    ndarray, shape (n, ...)
        NaN where one of the two sums to 0.
    """
    p, q = _smoothed_shape(observed), _smoothed_shape(predicted)
    middle = (p + q) / 2
    return (rel_entr(p, middle) + rel_entr(q, middle)).sum(axis=-1) / 2


def _smoothed_shape(profile: np.ndarray) -> np.ndarray:
    smooth = gaussian_filter1d(np.asarray(profile, np.float64), SIGMA, axis=-1, truncate=TRUNCATE)
    total = smooth.sum(axis=-1, keepdims=True)
    return np.divide(smooth, total, out=np.full_like(smooth, np.nan), where=total > 0)
