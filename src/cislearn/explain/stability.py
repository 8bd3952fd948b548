"""Motifs that recur: which other seeds found the same one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cislearn.explain.matching import benjamini_hochberg, by_chance, is_named, tomtom, trimmed
from cislearn.motifs.matrix import Motif


def recurrence(by_seed: Mapping[int, Sequence[Motif]], known: Sequence[Motif]) -> dict[str, int]:
    """Return in how many of the other seeds each motif has a match, by its identifier.

    p-values of Tomtom depend on the motifs that are compared. Known motifs therefore stand beside those of the other
    seed: they say how near motifs are by chance, and how many there are to be wrong about. A match is one as
    `is_named` says.

    Parameters
    ----------
    by_seed : mapping of int to list of Motif
        Of each seed; identifiers are unique over all of them.
    known : list of Motif
        A collection.

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
            targets, n = [*theirs, *known], len(theirs)
            p = tomtom([trimmed(motif) for motif in motifs], targets)[0]
            q = np.array([benjamini_hochberg(row)[:n].min() for row in p])
            recurring = is_named(q, by_chance(motifs, targets, p[:, :n].min(axis=1), among=n))
            for motif, once_more in zip(motifs, recurring, strict=True):
                recurs[motif.identifier] += int(once_more)
    return recurs
