"""A motif as a matrix of base probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64


@dataclass(frozen=True, eq=False)
class Motif:
    """Base probabilities along a binding site.

    Parameters
    ----------
    name : str
        What people call it, ``GABPA``; not unique in a collection.
    identifier : str
        Unique in a collection, ``MA0062.4``; the name again where a file gives one word only.
    probabilities : ndarray, shape (4, width)
        Bases A, C, G, T in rows, positions in columns that sum to 1.
    n_sites : float
        Sites that the probabilities were counted from.
    """

    name: str
    identifier: str
    probabilities: Float64[np.ndarray, "4 width"]
    n_sites: float

    @property
    def width(self) -> int:
        """Number of positions, in bp."""
        return int(self.probabilities.shape[1])

    def smoothed(self, pseudocount: float = 0.25) -> Float64[np.ndarray, "4 width"]:
        """Probabilities with `pseudocount` sites added to each base: ``(count + p) / (n_sites + 4 p)``."""
        return (self.probabilities * self.n_sites + pseudocount) / (self.n_sites + 4 * pseudocount)

    def reverse_complement(self) -> Motif:
        """Return the same motif read on the other strand: both axes flipped, as the bases stand in the order ACGT."""
        return Motif(self.name, self.identifier, self.probabilities[::-1, ::-1].copy(), self.n_sites)
