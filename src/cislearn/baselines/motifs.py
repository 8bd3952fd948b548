"""How far one known motif goes, or two: chosen from JASPAR on training data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, Shaped

from cislearn.baselines.baseline import Baseline, register
from cislearn.baselines.windows import Windows
from cislearn.motifs.jaspar import jaspar, jaspar_vertebrates

MOST_WINDOWS = 4_000
"""Training windows on which all motifs are tried, the first ones; those chosen are fitted to all."""


class _ChosenMotifs(Baseline):
    """Logistic function of the summed best matches of a few motifs."""

    n_motifs = 1

    def __init__(self) -> None:
        self.chosen: list[str] = []
        self.mean, self.scale, self.slope, self.offset = 0.0, 1.0, 0.0, 0.0

    def fit(self, windows: Windows, labels: Shaped[np.ndarray, " n"]) -> None:
        """Choose the motif whose best match ranks the windows best, then each further one beside those chosen."""
        from sklearn.linear_model import LogisticRegression

        tried, names = windows.first(MOST_WINDOWS), list(jaspar_vertebrates())
        matches = tried.once("matches of all motifs", lambda: tried.matches(names).T.copy())
        ranks = tried.once("ranks of all motifs", lambda: _ranks(matches))
        self.chosen = []
        while True:
            self.chosen.append(names[_best(ranks, labels[:MOST_WINDOWS])])
            if len(self.chosen) == self.n_motifs:
                break
            ranks = _ranks(matches + tried.matches(self.chosen).sum(axis=1))
        score = self._score(windows)
        self.mean, self.scale = float(score.mean()), float(max(score.std(), 1e-6))
        model = LogisticRegression().fit((score[:, None] - self.mean) / self.scale, labels)
        self.slope, self.offset = float(model.coef_[0, 0]), float(model.intercept_[0])

    def predict(self, windows: Windows) -> Float32[np.ndarray, " n"]:
        """See `Baseline.predict`."""
        return ((self._score(windows) - self.mean) / self.scale * self.slope + self.offset).astype(np.float32)

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

    @property
    def motifs(self) -> tuple[str, ...]:
        """See `Baseline.motifs`."""
        return tuple(self.chosen)

    def _score(self, windows: Windows) -> Float32[np.ndarray, " n"]:
        return windows.matches(self.chosen).sum(axis=1)


@register
class BestMotif(_ChosenMotifs):
    """The best match of the one motif that ranks the training windows best."""

    name = "best_motif"


@register
class BestMotifPair(_ChosenMotifs):
    """The sum of the best matches of that motif and of the one that adds most to it."""

    name = "best_two_motifs"
    n_motifs = 2


def _ranks(scores: Float32[np.ndarray, "motifs n"]) -> Float64[np.ndarray, "motifs n"]:
    """Rank of each window among all by each motif, ties sharing their mean rank."""
    from scipy.stats import rankdata

    return rankdata(scores, axis=1)


def _best(ranks: Float64[np.ndarray, "motifs n"], labels: Shaped[np.ndarray, " n"]) -> int:
    """The motif of greatest AUROC: that of the greatest sum of the ranks of the positives (Mann and Whitney)."""
    return int(np.argmax(ranks @ labels.astype(np.float64)))
