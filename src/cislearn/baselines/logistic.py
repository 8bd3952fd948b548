"""Logistic regression on features of a window, its strength chosen on rows set aside: what several baselines share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float32, Shaped

from cislearn.baselines.baseline import Baseline
from cislearn.baselines.windows import Windows
from cislearn.evaluation.metrics import auroc
from cislearn.sequence.hashes import canonical_hash

SET_ASIDE = 0.2
"""Share of the windows, the first ones, by which the strength is chosen; the chosen model is fitted to all.

Of the others those are fitted that are none of the first on either strand: a locus stands once a domain.
"""


class LogisticBaseline(Baseline):
    """L2-penalised logistic regression; a subclass says of which features."""

    strengths: ClassVar[tuple[float, ...]] = (1.0,)
    """Inverse L2 strengths C to choose from, ascending, on features of variance 1; a few features need no choice."""

    def __init__(self) -> None:
        self.mean, self.scale = np.zeros(0), np.ones(0)
        self.weights, self.offset = np.zeros(0), 0.0

    @abstractmethod
    def features(self, windows: Windows) -> Float32[np.ndarray, "n f"]:
        """Return the features of windows."""

    def fit(self, windows: Windows, labels: Shaped[np.ndarray, " n"]) -> None:
        """See `Baseline.fit`."""
        self.mean, self.scale, features = windows.once((self.name, "standardised"), lambda: self._standardised(windows))
        model = _regression(self._choose(windows, features, labels)).fit(features, labels)
        self.weights, self.offset = model.coef_[0], float(model.intercept_[0])

    def predict(self, windows: Windows) -> Float32[np.ndarray, " n"]:
        """See `Baseline.predict`."""
        features = windows.once(self.name, lambda: self.features(windows))
        weights = self.weights / self.scale
        offset = self.offset - float(self.mean @ weights)
        return (features @ weights.astype(np.float32) + offset).astype(np.float32)

    def parameters(self) -> dict[str, Any]:
        """See `Baseline.parameters`."""
        arrays = {name: np.asarray(getattr(self, name)).tolist() for name in ("mean", "scale", "weights")}
        return arrays | {"offset": self.offset}

    def restore(self, parameters: Mapping[str, Any]) -> None:
        """See `Baseline.restore`."""
        self.mean, self.scale, self.weights = (np.array(parameters[name]) for name in ("mean", "scale", "weights"))
        self.offset = float(parameters["offset"])

    def _standardised(self, windows: Windows) -> tuple[np.ndarray, np.ndarray, Float32[np.ndarray, "n f"]]:
        """Means, standard deviations, and the features less the ones in units of the others."""
        features = self.features(windows)
        mean, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
        return mean, scale, (features - mean) / scale

    def _choose(
        self, windows: Windows, features: Float32[np.ndarray, "n f"], labels: Shaped[np.ndarray, " n"]
    ) -> float:
        """The weakest penalty up to which the ranking of the rows set aside gets better."""
        if len(self.strengths) == 1:
            return self.strengths[0]
        n_aside = round(SET_ASIDE * len(labels))
        hashes = windows.once("hashes", lambda: canonical_hash(windows.tokens))
        others = n_aside + np.flatnonzero(~np.isin(hashes[n_aside:], hashes[:n_aside]))
        held, seen = labels[:n_aside], labels[others]
        if len(np.unique(held)) < 2 or len(np.unique(seen)) < 2:
            return self.strengths[0]
        features, aside = features[others], features[:n_aside]
        model, best, chosen = _regression(self.strengths[0]), -1.0, self.strengths[0]
        for strength in self.strengths:
            model.set_params(C=strength).fit(features, seen)
            score = auroc(held, model.decision_function(aside))
            if score <= best:
                break
            best, chosen = score, strength
        return chosen


def _regression(strength: float) -> Any:
    """A regression whose next fit begins where the last one ended."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, max_iter=300, solver="lbfgs", warm_start=True)
