"""Logistic regression on features of a window, its strength chosen on rows set aside: what several baselines share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped, UInt8

from cislearn.baselines.baseline import Baseline
from cislearn.evaluation.metrics import auroc

STRENGTHS = (0.01, 0.1, 1.0)
"""Inverse L2 strengths C to choose from, on features of variance 1."""

SET_ASIDE = 0.2
"""Share of the rows by which the strength is chosen; the chosen model is fitted to all."""


class LogisticBaseline(Baseline):
    """L2-penalised logistic regression; a subclass says of which features."""

    def __init__(self) -> None:
        self.mean, self.scale = np.zeros(0), np.ones(0)
        self.weights, self.offset = np.zeros(0), 0.0

    @abstractmethod
    def features(self, tokens: UInt8[np.ndarray, "n length"]) -> Float[np.ndarray, "n f"]:
        """Return the features of windows, float32."""

    def fit(self, tokens: UInt8[np.ndarray, "n length"], labels: Shaped[np.ndarray, " n"]) -> None:
        """See `Baseline.fit`."""
        features = self.features(tokens)
        self.mean, self.scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
        features = (features - self.mean) / self.scale
        aside = np.random.default_rng(0).random(len(labels)) < SET_ASIDE
        scores = {}
        for strength in STRENGTHS:
            model = _regression(strength).fit(features[~aside], labels[~aside])
            scores[strength] = auroc(labels[aside], model.decision_function(features[aside]))
        model = _regression(max(scores, key=lambda strength: scores[strength])).fit(features, labels)
        self.weights, self.offset = model.coef_[0], float(model.intercept_[0])

    def predict(self, tokens: UInt8[np.ndarray, "n length"]) -> Float[np.ndarray, "n 1"]:
        """See `Baseline.predict`."""
        features = (self.features(tokens) - self.mean) / self.scale
        return (features @ self.weights + self.offset)[:, None].astype(np.float32)

    def parameters(self) -> dict[str, Any]:
        """See `Baseline.parameters`."""
        arrays = {name: np.asarray(getattr(self, name)).tolist() for name in ("mean", "scale", "weights")}
        return arrays | {"offset": self.offset}

    def restore(self, parameters: Mapping[str, Any]) -> None:
        """See `Baseline.restore`."""
        self.mean, self.scale, self.weights = (np.array(parameters[name]) for name in ("mean", "scale", "weights"))
        self.offset = float(parameters["offset"])


def _regression(strength: float) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, max_iter=300, solver="lbfgs")
