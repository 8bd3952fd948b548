"""How far one known motif goes, or two: chosen from JASPAR on training data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped, UInt8

from cislearn.baselines.baseline import Baseline, register
from cislearn.evaluation.metrics import auroc
from cislearn.motifs.jaspar import jaspar, jaspar_vertebrates
from cislearn.motifs.scanning import best_matches

MOST_WINDOWS = 4_000
"""Training windows on which all motifs are tried; the chosen ones are fitted to all."""


class _ChosenMotifs(Baseline):
    """Logistic function of the summed best matches of a few motifs."""

    n_motifs = 1

    def __init__(self) -> None:
        self.chosen: list[str] = []
        self.mean, self.scale, self.slope, self.offset = 0.0, 1.0, 0.0, 0.0

    def fit(self, tokens: UInt8[np.ndarray, "n length"], labels: Shaped[np.ndarray, " n"]) -> None:
        """Choose the motif whose best match ranks the windows best, then each further one beside those chosen."""
        from sklearn.linear_model import LogisticRegression

        rows = np.random.default_rng(0).permutation(len(labels))[:MOST_WINDOWS]
        names = list(jaspar_vertebrates())
        matches = best_matches(tokens[rows], list(jaspar_vertebrates().values()))
        total = np.zeros(len(rows), dtype=np.float32)
        self.chosen = []
        for _ in range(self.n_motifs):
            ranks = [auroc(labels[rows], total + matches[:, m]) for m in range(len(names))]
            best = int(np.argmax(ranks))
            total += matches[:, best]
            self.chosen.append(names[best])
        score = self._score(tokens)
        self.mean, self.scale = float(score.mean()), float(max(score.std(), 1e-6))
        model = LogisticRegression().fit((score[:, None] - self.mean) / self.scale, labels)
        self.slope, self.offset = float(model.coef_[0, 0]), float(model.intercept_[0])

    def predict(self, tokens: UInt8[np.ndarray, "n length"]) -> Float[np.ndarray, "n 1"]:
        """See `Baseline.predict`."""
        logit = (self._score(tokens) - self.mean) / self.scale * self.slope + self.offset
        return logit[:, None].astype(np.float32)

    def parameters(self) -> dict[str, Any]:
        """See `Baseline.parameters`."""
        return {name: getattr(self, name) for name in ("chosen", "mean", "scale", "slope", "offset")}

    def restore(self, parameters: Mapping[str, Any]) -> None:
        """See `Baseline.restore`."""
        for name, value in parameters.items():
            setattr(self, name, value)

    @property
    def detail(self) -> str:
        """The chosen motifs."""
        return " + ".join(f"{jaspar(identifier).name} ({identifier})" for identifier in self.chosen)

    def _score(self, tokens: UInt8[np.ndarray, "n length"]) -> Float[np.ndarray, " n"]:
        return best_matches(tokens, [jaspar(identifier) for identifier in self.chosen]).sum(axis=1)


@register
class BestMotif(_ChosenMotifs):
    """The best match of the one motif that ranks the training windows best."""

    name = "best_motif"


@register
class BestMotifPair(_ChosenMotifs):
    """The sum of the best matches of that motif and of the one that adds most to it."""

    name = "best_two_motifs"
    n_motifs = 2
