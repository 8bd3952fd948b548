"""How far composition alone goes: GC content, and frequencies of dinucleotides."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

from cislearn.baselines.baseline import register
from cislearn.baselines.logistic import LogisticBaseline
from cislearn.baselines.windows import Windows
from cislearn.sequence.composition import dinucleotide_frequencies, gc_fraction


@register
class GCContent(LogisticBaseline):
    """Share of G and C among the known bases; a window of N only counts as half."""

    name = "GC_content"

    def features(self, windows: Windows) -> Float32[np.ndarray, "n 1"]:
        """Return the GC content."""
        return np.nan_to_num(gc_fraction(windows.tokens), nan=0.5)[:, None].astype(np.float32)


@register
class DinucleotideLogistic(LogisticBaseline):
    """Frequencies of the ten dinucleotides, a dinucleotide and its reverse complement being one."""

    name = "dinucleotides"

    def features(self, windows: Windows) -> Float32[np.ndarray, "n 10"]:
        """Return the frequencies."""
        return dinucleotide_frequencies(windows.tokens)
