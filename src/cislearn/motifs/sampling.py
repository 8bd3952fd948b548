"""Instances of a motif, drawn from its matrix."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

from cislearn.motifs.matrix import Motif


def sample_instances(
    motif: Motif, n: int, rng: np.random.Generator, *, pseudocount: float = 0.25
) -> UInt8[np.ndarray, "n width"]:
    """Draw binding sites, positions independent, as they read on the motif's own strand.

    Parameters
    ----------
    motif : Motif
        Its probabilities are smoothed: ``(count + pseudocount) / (n_sites + 4 pseudocount)``.
    n : int
        Number of sites.
    rng : Generator
        Where chance comes from.
    pseudocount : float
        Added to the count of each base.

    Returns
    -------
    UInt8 array, shape (n, width)
        A0 C1 G2 T3.
    """
    cumulative = np.cumsum(motif.smoothed(pseudocount), axis=0)[:3]
    return (rng.random((n, 1, motif.width)) >= cumulative).sum(axis=1, dtype=np.uint8)
