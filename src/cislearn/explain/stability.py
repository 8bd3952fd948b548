"""Motifs that recur: which other seeds found the same one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cislearn.explain.matching import Q, benjamini_hochberg, tomtom
from cislearn.motifs.matrix import Motif


def recurrence(by_seed: Mapping[int, Sequence[Motif]], known: Sequence[Motif], q: float = Q) -> dict[str, int]:
    """Return in how many of the other seeds each motif has a match, by its identifier.

    p-values of Tomtom depend on the motifs that are compared. Known motifs therefore stand beside those of the other
    seed: they say how near motifs are by chance, and how many there are to be wrong about.

    Parameters
    ----------
    by_seed : mapping of int to list of Motif
        Of each seed; identifiers are unique over all of them.
    known : list of Motif
        A collection.
    q : float
        At most this q-value, of the other seed's motifs and the known ones together.

    Raises
    ------
    UserError
        Where memelite is not installed.
    """
    recurs = {motif.identifier: 0 for motifs in by_seed.values() for motif in motifs}
    for seed, motifs in by_seed.items():
        for other, theirs in by_seed.items():
            if other == seed or not motifs or not theirs:
                continue
            p = tomtom(motifs, [*theirs, *known])[0]
            for motif, row in zip(motifs, p, strict=True):
                recurs[motif.identifier] += bool(np.any(benjamini_hochberg(row)[: len(theirs)] <= q))
    return recurs
