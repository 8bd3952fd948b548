"""Ridge regression of each gene on the regulators: what a new condition says without any promoter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float64

from cislearn.baselines.expression.fit import Inputs, Setting
from cislearn.baselines.expression.ridge import ridge


class RegulatorRidge:
    """Each gene by weights of its own on the regulators of a condition, from the conditions that it is seen in.

    All genes share one Gram matrix of the conditions, and a gene that is a regulator itself has that without its own
    row (unless ``inputs.own`` is ``kept``). A label that is absent in a condition that others are seen in stands at the
    gene's mean; a gene of which nothing is seen is predicted at the mean of all.
    """

    name = "ridge of regulators"
    settings: tuple[Setting, ...] = ((3.0,), (10.0,), (30.0,), (100.0,), (300.0,), (1000.0,))
    """Penalties, in squared log ratios."""

    def complete(
        self, seen: Float64[np.ndarray, "g c"], inputs: Inputs, settings: Sequence[Setting]
    ) -> Iterator[Float64[np.ndarray, "g c"]]:
        """Predict every pair, those of the conditions seen as fitted."""
        is_seen = ~np.isnan(seen)
        trained = is_seen.any(axis=0)
        x = inputs.regulators.values.astype(np.float64)
        x = x - x[:, trained].mean(axis=1, keepdims=True)
        n = is_seen.sum(axis=1)
        mean = np.where(n > 0, np.nansum(seen, axis=1) / np.maximum(n, 1), seen[is_seen].mean())
        targets = np.where(is_seen, seen - mean[:, None], 0.0)[:, trained]
        kernel = x.T @ x[:, trained]
        is_own = (inputs.regulators.own >= 0) & (n > 0) if inputs.own == "masked" else np.zeros(len(seen), dtype=bool)
        for (penalty,) in settings:
            predicted = mean[:, None] + _fitted(kernel, trained, targets, penalty)
            for gene in np.flatnonzero(is_own):
                own = x[inputs.regulators.own[gene]]
                without = kernel - own[:, None] * own[None, trained]
                predicted[gene] = mean[gene] + _fitted(without, trained, targets[gene : gene + 1], penalty)[0]
            yield predicted


def _fitted(kernel: np.ndarray, trained: np.ndarray, targets: np.ndarray, penalty: float) -> np.ndarray:
    """Predict all conditions from those trained on; a row a gene."""
    return (kernel @ ridge(kernel[trained], targets.T, penalty)).T
