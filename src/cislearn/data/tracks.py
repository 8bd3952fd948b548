"""Tracks of a dataset: per-base signals along its windows, normalised and stored row by row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int, Shaped


@dataclass(frozen=True)
class Tracks:
    """Signals by row number, read on the strand of their rows as the windows are.

    A row has its own values, since two domains have different ones at one locus.

    Parameters
    ----------
    values : ndarray, shape (N, K, width), float16
        Normalised; `width` is that of the windows with their margins, `K` the channels of all tracks.
    """

    values: Shaped[np.ndarray, "n channels width"]

    def gather(self, rows: Int[np.ndarray, " m"]) -> Float32[np.ndarray, "m channels width"]:
        """Return the values of `rows`, in any order, with repeats."""
        return np.asarray(self.values[rows], dtype=np.float32)


def normalise(values: Float32[np.ndarray, "*shape"], mean: float) -> Float32[np.ndarray, "*shape"]:
    """``log(1 + value / mean)``: 0 without signal, 0.7 at the mean of the file, 4.6 where it is a hundred times that.

    The mean takes the sequencing depth out, so that cells can be compared (1x coverage, Ramírez et al. 2016); the
    logarithm keeps the highest peaks from speaking alone. It also keeps a value far within float16, which raw coverage
    leaves at 65,504.
    """
    return np.log1p(values / np.float32(mean))
