"""Every site of a word or a matrix in windows, on either strand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt8

from cislearn.errors import UserError
from cislearn.motifs.matrix import Motif
from cislearn.sequence.tokens import ALPHABET

IUPAC = {
    "A": "A",
    "C": "C",
    "G": "G",
    "T": "T",
    "U": "T",
    "R": "AG",
    "Y": "CT",
    "S": "CG",
    "W": "AT",
    "K": "GT",
    "M": "AC",
    "B": "CGT",
    "D": "AGT",
    "H": "ACT",
    "V": "ACG",
    "N": "ACGT",
}
"""Which bases each letter of a word stands for."""
STEPS = 100
"""Steps a bit in which log-odds are counted, so that the share of words at or above a score is exact."""
EVERYWHERE = "{name!r} is everywhere: it says of no position which base is there"
SHARE = 1e-4
"""Share of all words, of bases equally frequent, that are sites of a matrix: FIMO's bound."""


@dataclass(frozen=True, eq=False)
class Pattern:
    """What a site looks like: where the scores of its bases add up to `least` or more.

    Parameters
    ----------
    name : str
        What it is called.
    scores : ndarray, shape (4, width), int64
        Of the bases A, C, G, T at each position.
    least : int
        That a site scores.
    """

    name: str
    scores: Int64[np.ndarray, "4 width"]
    least: int


def word_pattern(word: str) -> Pattern:
    """Return the sites of a word of IUPAC letters, upper and lower case alike.

    Raises
    ------
    UserError
        Where a letter is none of these, or every stretch of bases would be a site.
    """
    fix = "Write bases, or the IUPAC letters for several: R is A or G, N any. Or give a file of motifs in MEME format."
    letters = [IUPAC.get(letter, "") for letter in word.upper()]
    for position, (letter, bases) in enumerate(zip(word, letters, strict=True), start=1):
        if not bases:
            raise UserError(f"{letter!r} at position {position:,} of {word!r} stands for no base", fix=fix)
    if all(bases == ALPHABET for bases in letters):
        raise UserError(EVERYWHERE.format(name=word), fix=fix)
    fits = np.array([[base in bases for bases in letters] for base in ALPHABET], dtype=np.int64)
    return Pattern(word.upper(), fits, len(word))


def motif_pattern(motif: Motif, share: float = SHARE) -> Pattern:
    """Return the sites of a matrix: the best words, which are no more than a `share` of all, or at least the best one.

    Words are ranked by log-odds against equal base frequencies (as `cislearn.motifs.scanning.best_matches`), in
    hundredths of a bit. A matrix of six positions or fewer has no word as rare as 1e-4: then its best words are sites.

    Raises
    ------
    UserError
        Where all words are equally good, so that every stretch of bases would be a site.
    """
    scores = np.rint(STEPS * np.log2(motif.smoothed() / 0.25)).astype(np.int64)
    lowest, shares = scores.min(axis=0).sum(), _shares(scores)
    at_least = np.cumsum(shares[::-1])[::-1]  # of words that score `lowest` and k, or more
    rare = np.flatnonzero(at_least <= share * (1 + 1e-9))
    k = rare[0] if len(rare) and at_least[rare[0]] > 0 else np.flatnonzero(shares)[-1]
    if k == 0:
        raise UserError(EVERYWHERE.format(name=motif.name), fix="Leave out motifs of equally frequent bases.")
    return Pattern(motif.name, scores, int(lowest + k))


def site_starts(tokens: UInt8[np.ndarray, "n length"], pattern: Pattern) -> Bool[np.ndarray, "n places"]:
    """Where a site begins that is read on one strand or the other; a site that holds an N is none.

    Shape ``(n, length - width + 1)``; a site that reads the same on both strands is one.
    """
    width = pattern.scores.shape[1]
    places = max(0, tokens.shape[1] - width + 1)
    is_site = np.zeros((len(tokens), places), dtype=bool)
    for scores in (pattern.scores, pattern.scores[::-1, ::-1]):
        never = np.full((1, width), -(np.abs(pattern.scores).sum() + abs(pattern.least) + 1))
        worth = np.concatenate([scores, never])
        total = np.zeros((len(tokens), places), dtype=np.int64)
        for position in range(width):
            total += worth[:, position][tokens[:, position : position + places]]
        is_site |= total >= pattern.least
    return is_site


def covered(starts: Bool[np.ndarray, "n places"], length: int) -> Bool[np.ndarray, "n length"]:
    """Which bases of windows of so many lie in a site of `site_starts`."""
    n, places = starts.shape
    inside = np.zeros((n, length), dtype=bool)
    for position in range(length - places + 1):
        inside[:, position : position + places] |= starts
    return inside


def _shares(scores: Int64[np.ndarray, "4 width"]) -> Float64[np.ndarray, " scores"]:
    """Share of all words that score the lowest sum and 0, 1, 2 ... more."""
    shares = np.ones(1)
    for column in (scores - scores.min(axis=0)).T:
        further = np.zeros(len(shares) + column.max())
        for more in column:
            further[more : more + len(shares)] += shares / len(ALPHABET)
        shares = further
    return shares
