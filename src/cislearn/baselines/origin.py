"""How far the chromosome alone goes: it tells how the regions were chosen, and nothing of their sequence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float32, Shaped

from cislearn.baselines.baseline import Baseline, register
from cislearn.baselines.windows import Windows


@register
class ChromosomeOfOrigin(Baseline):
    """Log odds of a positive on the window's chromosome among the training windows.

    With p the share of positives overall, (positives + p) / (negatives + 1 - p): one window of the overall odds is
    added to each chromosome, so that one never seen, or not known, has the overall odds.
    """

    name = "chromosome_of_origin"
    reads_locus = True

    def __init__(self) -> None:
        self.n, self.n_positive = 0, 0
        self.by_chromosome: dict[str, tuple[int, int]] = {}

    def fit(self, windows: Windows, labels: Shaped[np.ndarray, " n"]) -> None:
        """Count positives and negatives; see `Baseline.fit`."""
        self.n, self.n_positive = len(labels), int(labels.sum())
        names, code = np.unique(_chromosomes(windows), return_inverse=True)
        positive = np.bincount(code, weights=labels, minlength=len(names)).astype(int)
        total = np.bincount(code, minlength=len(names))
        counts = zip(names.tolist(), positive.tolist(), (total - positive).tolist(), strict=True)
        self.by_chromosome = {name: (yes, no) for name, yes, no in counts if name}

    def predict(self, windows: Windows) -> Float32[np.ndarray, " n"]:
        """See `Baseline.predict`."""
        share = self.n_positive / self.n
        names, code = np.unique(_chromosomes(windows), return_inverse=True)
        counts = np.array([self.by_chromosome.get(name, (0, 0)) for name in names.tolist()], dtype=float).reshape(-1, 2)
        return np.log((counts[:, 0] + share) / (counts[:, 1] + 1 - share))[code].astype(np.float32)

    def parameters(self) -> dict[str, Any]:
        """See `Baseline.parameters`."""
        return {"n": self.n, "n_positive": self.n_positive, "by_chromosome": self.by_chromosome}

    def restore(self, parameters: Mapping[str, Any]) -> None:
        """See `Baseline.restore`."""
        self.n, self.n_positive = parameters["n"], parameters["n_positive"]
        self.by_chromosome = {name: (yes, no) for name, (yes, no) in parameters["by_chromosome"].items()}

    @property
    def detail(self) -> str:
        """The chromosome that stands out most, with its share of positives and that of the others."""
        if not self.by_chromosome:
            return ""
        share = self.n_positive / self.n
        name = max(self.by_chromosome, key=lambda each: abs(self.by_chromosome[each][0] - share * self._total(each)))
        here = self.by_chromosome[name][0]
        rest = self.n - self._total(name)
        elsewhere = f", {(self.n_positive - here) / rest:.0%} elsewhere" if rest else ""
        return f"positive: {here / self._total(name):.0%} on {name.replace('|', ' ').strip()}{elsewhere}"

    def _total(self, name: str) -> int:
        return sum(self.by_chromosome[name])


def _chromosomes(windows: Windows) -> Shaped[np.ndarray, " n"]:
    return np.full(len(windows), "") if windows.chromosomes is None else windows.chromosomes.astype(str)
