"""Profiles of a dataset: counts at single bases about the middle of its windows, which are to be predicted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int, Shaped


@dataclass(frozen=True)
class Profiles:
    """Counts by row number, read on the strand of their rows as the windows are.

    They are raw counts in float32, which holds whole numbers up to 16 million; float16 ends at 65,504.

    Parameters
    ----------
    values : ndarray, shape (N, S, width), float32
        Replicates summed; `S` channels of all profile tasks, `width` the length of a profile with a margin on either
        side. NaN where a row has none.
    columns : ndarray, shape (S,), int
        Column of the labels that each channel belongs to: where the label is absent, so is the profile.
    replicates : ndarray, shape (N, R, S, width), float32, optional
        Each replicate by itself, NaN where a domain has fewer than R.
    """

    values: Shaped[np.ndarray, "n s width"]
    columns: Int[np.ndarray, " s"]
    replicates: Shaped[np.ndarray, "n r s width"] | None = None

    def gather(
        self, rows: Int[np.ndarray, " m"], labels: Float32[np.ndarray, "m t"]
    ) -> Float32[np.ndarray, "m s width"]:
        """Return the counts of `rows`, NaN where their label is absent, so that none is read that may not be seen."""
        values = np.array(self.values[rows], dtype=np.float32)
        values[np.isnan(labels[:, self.columns])] = np.nan
        return values


def total_counts(values: Float32[np.ndarray, "n s width"], margin: int) -> Float32[np.ndarray, " n"]:
    """Return all counts of each row without the margin: the label of a profile; NaN where one of them is."""
    return values[:, :, margin : values.shape[2] - margin].sum(axis=(1, 2), dtype=np.float64).astype(np.float32)
