"""How far composition alone goes: GC content, and frequencies of dinucleotides."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8

from cislearn.baselines.baseline import register
from cislearn.baselines.kmers import count_kmers
from cislearn.baselines.logistic import LogisticBaseline
from cislearn.sequence.composition import gc_fraction


@register
class GCContent(LogisticBaseline):
    """Share of G and C among the known bases; a window of N only counts as half."""

    name = "GC_content"

    def features(self, tokens: UInt8[np.ndarray, "n length"]) -> Float[np.ndarray, "n 1"]:
        """Return the GC content."""
        return np.nan_to_num(gc_fraction(tokens), nan=0.5)[:, None].astype(np.float32)


@register
class DinucleotideLogistic(LogisticBaseline):
    """Frequencies of the ten dinucleotides, a dinucleotide and its reverse complement being one."""

    name = "dinucleotides"

    def features(self, tokens: UInt8[np.ndarray, "n length"]) -> Float[np.ndarray, "n 10"]:
        """Return the frequencies."""
        counts = count_kmers(tokens, 2)
        return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
