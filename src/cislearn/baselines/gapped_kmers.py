"""A gkm-SVM as a simple model: the strongest that counts words, and the only one whose work grows with their square."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from jaxtyping import Float32, Shaped

from cislearn.baselines.baseline import Baseline, register
from cislearn.baselines.gkm import (
    GkmKernel,
    GkmSVM,
    Machine,
    expected_cost,
    fit_machine,
    gram_matrix,
    normalised,
    squared_norms,
)
from cislearn.baselines.gkm.lmers import Lmers
from cislearn.baselines.gkm.mismatches import Kind
from cislearn.baselines.windows import Windows
from cislearn.sequence.tokens import decode, encode


@register
class GappedKmerSVM(Baseline):
    """gkm-SVM on the first windows; its decision value stands where others have a logit.

    Parameters
    ----------
    kernel, l, k, d
        See `GkmKernel`.
    c : float
        What a violated margin costs.
    most_windows : int
        Training windows that it is fitted to, the first ones.
    """

    name = "gkm_SVM"

    def __init__(
        self, kernel: Kind = "centred", l: int = 11, k: int = 7, d: int = 3, c: float = 1.0, most_windows: int = 4_000
    ) -> None:
        self.most_windows = most_windows
        self.model = GkmSVM(GkmKernel(kernel, l, k, d), c=c)
        self.n_fitted, self.n_windows = 0, 0

    def fit(self, windows: Windows, labels: Shaped[np.ndarray, " n"]) -> None:
        """See `Baseline.fit`; windows are in random order, so that the first ones are as good as any."""
        used, answers, kernel = windows.first(self.most_windows), labels[: self.most_windows], self.model.kernel
        self.n_fitted, self.n_windows = len(used), len(windows)
        if len(np.unique(answers)) < 2:
            self.model.take([], np.zeros(0), [Machine(np.zeros(0, np.int64), np.zeros(0), 0.0)])
            return
        gram = (kernel, "similarity")
        similarity, norms = used.once(gram, lambda: normalised(gram_matrix(kernel, self._words(used))))
        self.model.take(list(used.tokens), norms, [fit_machine(similarity, answers, self.model.c)])

    def predict(self, windows: Windows) -> Float32[np.ndarray, " n"]:
        """See `Baseline.predict`."""
        words = self._words(windows)
        kernel = self.model.kernel
        norms = windows.once((kernel, "norms"), lambda: squared_norms(kernel, words) ** 0.5)
        return self.model.score(words, norms)[:, 0]

    def parameters(self) -> dict[str, Any]:
        """See `Baseline.parameters`."""
        return {
            "kernel": asdict(self.model.kernel),
            "c": self.model.c,
            "n_fitted": self.n_fitted,
            "n_windows": self.n_windows,
            "support": [decode(tokens) for tokens in self.model.support],
            "weights": self.model.weights[:, 0].tolist(),
            "offset": float(self.model.offsets[0]),
        }

    def restore(self, parameters: Mapping[str, Any]) -> None:
        """See `Baseline.restore`."""
        self.model = GkmSVM(GkmKernel(**parameters["kernel"]), c=parameters["c"])
        self.model.support = [encode(text) for text in parameters["support"]]
        self.model.weights = np.array(parameters["weights"], dtype=float).reshape(-1, 1)
        self.model.offsets = np.array([parameters["offset"]])
        self.n_fitted, self.n_windows = parameters["n_fitted"], parameters["n_windows"]

    @property
    def detail(self) -> str:
        """How many windows it was fitted to, and how many of them are support vectors."""
        of = f" of {self.n_windows:,}" if self.n_fitted < self.n_windows else ""
        if not self.model.support:
            return f"not fitted: the {self.n_fitted:,}{of} windows that it may see are of one class"
        return f"fitted to {self.n_fitted:,}{of} windows, {len(self.model.support):,} of them support vectors"

    @property
    def shortest(self) -> int:
        """A word."""
        return self.model.kernel.l

    def expected_cost(self, windows: Windows) -> tuple[float, int] | None:
        """That of its kernel, which all tasks share."""
        used, kernel = windows.first(self.most_windows), self.model.kernel
        return used.once((kernel, "cost"), lambda: expected_cost(kernel, self._words(used)))

    def _words(self, windows: Windows) -> Lmers:
        kernel = self.model.kernel
        return windows.once((kernel, "words"), lambda: kernel.lmers(list(windows.tokens)))
