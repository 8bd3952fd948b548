"""Whether the seeds of a method say the same of the target."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64


def agreement(calls: Bool[np.ndarray, "seeds n"]) -> Float64[np.ndarray, " seeds"]:
    """Share of rows that each seed calls like another one, on average over the others; larger is better.

    Where seeds are calibrated on the target it is what a seed gets right there (Jiang et al. 2022). Seeds that are
    wrong in the same way agree too.

    Parameters
    ----------
    calls : ndarray, shape (seeds, n), bool
        Of the same target rows, a row each of two seeds or more.
    """
    signs = np.where(calls, 1.0, -1.0)
    alike = (1 + signs @ signs.T / calls.shape[1]) / 2
    return (alike.sum(axis=1) - 1) / (len(calls) - 1)
