"""Logistic regression on counts of short words, both strands together."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

from cislearn.baselines.baseline import register
from cislearn.baselines.logistic import LogisticBaseline
from cislearn.baselines.windows import Windows
from cislearn.sequence.composition import count_words


@register
class KmerLogistic(LogisticBaseline):
    """Counts of words of six bases."""

    name = "6-mer_logistic"
    strengths = (1e-5, 1e-4, 1e-3, 1e-2)

    def features(self, windows: Windows) -> Float32[np.ndarray, "n 2080"]:
        """Return the square roots of the counts, which tames repeats."""
        return np.sqrt(count_words(windows.tokens, 6))
