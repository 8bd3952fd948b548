"""What simple models read of windows: bases and chromosomes; what is counted on them is counted once for all models."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Float32, Shaped, UInt8

from cislearn.motifs.jaspar import jaspar
from cislearn.motifs.scanning import best_matches

Made = TypeVar("Made")


@dataclass(frozen=True, eq=False)
class Windows:
    """Some windows as simple models read them.

    Parameters
    ----------
    tokens : ndarray, shape (n, length), uint8
        A0 C1 G2 T3 N4, without margins.
    chromosomes : ndarray, shape (n,), str, optional
        Genome and chromosome of each; empty, or None for all, where they are not known.
    """

    tokens: UInt8[np.ndarray, "n length"]
    chromosomes: Shaped[np.ndarray, " n"] | None = None
    _made: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.tokens)

    def once(self, name: Hashable, make: Callable[[], Made]) -> Made:
        """Return what `make` gives; it is called the first time that something of this name is asked for."""
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    def first(self, n: int) -> Windows:
        """Return the first `n` windows, always the same object."""
        chromosomes = None if self.chromosomes is None else self.chromosomes[:n]
        return self.once(("first", n), lambda: Windows(self.tokens[:n], chromosomes))

    def matches(self, motifs: Sequence[str]) -> Float32[np.ndarray, "n motifs"]:
        """Best match of each JASPAR motif in each window; those not asked for before are scanned together."""
        known: dict[str, np.ndarray] = self.once("matches", dict)
        new = [name for name in dict.fromkeys(motifs) if name not in known]
        known |= zip(new, best_matches(self.tokens, [jaspar(name) for name in new]).T, strict=True)
        return np.stack([known[name] for name in motifs], axis=1)
