"""Ridge regression of each condition on the words of the promoter: what a new gene says by its sequence alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float64

from cislearn.baselines.expression.fit import Inputs, Setting
from cislearn.baselines.expression.ridge import ridge

WORD = 6
"""Bases of a word; both strands together there are 2,080."""


class PromoterRidge:
    """Each condition by weights of its own on the counts of words in a promoter, from the genes that are seen.

    A label that is absent in a gene of which others are seen stands at the condition's mean; a condition of which
    nothing is seen is predicted at the mean of all.
    """

    name = "ridge of promoters"
    settings: tuple[Setting, ...] = ((3e3,), (1e4,), (3e4,), (1e5,))
    """Penalties, in squared counts."""

    def complete(
        self, seen: Float64[np.ndarray, "g c"], inputs: Inputs, settings: Sequence[Setting]
    ) -> Iterator[Float64[np.ndarray, "g c"]]:
        """Predict every pair, those of the genes seen as fitted."""
        is_seen = ~np.isnan(seen)
        trained = is_seen.any(axis=1)
        x = inputs.words.astype(np.float64)
        x = x - x[trained].mean(axis=0)
        n = is_seen.sum(axis=0)
        mean = np.where(n > 0, np.nansum(seen, axis=0) / np.maximum(n, 1), seen[is_seen].mean())
        targets = np.where(is_seen, seen - mean, 0.0)[trained]
        gram, moments = x[trained].T @ x[trained], x[trained].T @ targets
        for (penalty,) in settings:
            yield mean + x @ ridge(gram, moments, penalty)
