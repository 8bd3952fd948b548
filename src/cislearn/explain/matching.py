"""Known motifs that found ones resemble: Tomtom (Gupta et al. 2007), by memelite."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, Float64

from cislearn.errors import UserError
from cislearn.motifs.jaspar import jaspar_vertebrates
from cislearn.motifs.matrix import Motif
from cislearn.motifs.meme import read_meme

JASPAR = "jaspar"
"""The packaged collection, JASPAR 2024 CORE vertebrates."""
Q = 0.1
"""A match whose q-value is no more than this is one, as MEME's Tomtom has it."""
LEAST = 0.5
"""Bits of a position that says something."""
ORDERS, CHANCE = 20, 0.05
"""Random orders of a motif's positions that a match is held against, and how seldom these may do as well."""
FEW = 50
"""Known motifs below which p-values depend much on which these are."""
COLUMNS = ["motif", "match", "name", "p", "q", "strand", "offset", "overlap"]


def collection(name: Path | str) -> list[Motif]:
    """Return the packaged collection (``jaspar``), or the motifs of a MEME file: CIS-BP, HOCOMOCO, one's own.

    Raises
    ------
    UserError
        See `cislearn.motifs.meme.read_meme`.
    """
    return list(jaspar_vertebrates().values()) if str(name) == JASPAR else read_meme(name)


def match(found: Sequence[Motif], known: Sequence[Motif], best: int = 5) -> pd.DataFrame:
    """Return the `best` matches of each found motif among known ones, on either strand, the nearest first.

    p is Tomtom's: how often the best alignment with columns drawn from the known motifs is as near, on either strand.
    That of a motif without information is 1. q is Benjamini and Hochberg's, for each found motif by itself over all
    known ones.

    Parameters
    ----------
    found, known : list of Motif
        Edges without information are cut off the found ones beforehand (`trimmed`), since they match anything.
    best : int
        Matches of each.

    Returns
    -------
    DataFrame
        motif, match (its identifier), name, p, q, strand (of the known motif), offset (where the known motif begins, in
        positions of the trimmed one), overlap (positions).

    Raises
    ------
    UserError
        Where memelite is not installed, or there is no known motif.
    """
    if not known:
        raise UserError("there is no known motif to match", fix="Give a MEME file that holds some.")
    if not found:
        return pd.DataFrame(columns=COLUMNS)
    p, offsets, overlaps, strands = tomtom([trimmed(motif) for motif in found], known)
    q = np.stack([benjamini_hochberg(row) for row in p])
    rows = []
    for number, motif in enumerate(found):
        for target in np.argsort(p[number], kind="stable")[:best]:
            at = number, target
            rows.append(
                (motif.identifier, known[target].identifier, known[target].name, p[at], q[at],
                 "-" if strands[at] else "+", -int(offsets[at]), int(overlaps[at]))
            )  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def tomtom(
    found: Sequence[Motif], known: Sequence[Motif]
) -> tuple[
    Float64[np.ndarray, "f k"], Float64[np.ndarray, "f k"], Float64[np.ndarray, "f k"], Float64[np.ndarray, "f k"]
]:
    """Return p-value, offset, overlap and strand (1 is the other) of the best alignment of each pair, uncut.

    The offset is where the found motif begins in the known one, which is read on that strand.

    Raises
    ------
    UserError
        Where memelite is not installed.
    """
    try:
        import memelite
    except ImportError as error:
        fix = "Install it: pip install 'cislearn[explain]'"
        raise UserError("motifs are matched by memelite, which is not installed", fix=fix) from error
    queries = [np.ascontiguousarray(motif.probabilities) for motif in found]
    says_nothing = np.array([information(motif).max() < LEAST for motif in found])
    # That there are few targets is told on the page.
    with warnings.catch_warnings(), threads_kept():
        warnings.simplefilter("ignore")
        p, _, offsets, overlaps, strands = memelite.tomtom(queries, [motif.probabilities for motif in known])
    p = np.where(says_nothing[:, None], 1.0, np.clip(p, 0, 1))
    return p, offsets, overlaps, strands


@contextmanager
def threads_kept() -> Iterator[None]:
    """Leave PyTorch as many threads as it had: numba, which compiles Tomtom, gives it all cores when it starts its own.

    Trainings that follow in the same process would run on them, and those side by side in each other's way.
    """
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)


def benjamini_hochberg(p: Float[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """Return q-values: the least false discovery rate at which each would be called (Benjamini and Hochberg 1995)."""
    order = np.argsort(p)[::-1]
    ranks = np.arange(len(p), 0, -1)
    q = np.empty(len(p))
    q[order] = np.minimum.accumulate(np.minimum(p[order] * len(p) / ranks, 1))
    return q


def by_chance(
    found: Sequence[Motif], targets: Sequence[Motif], best: Float[np.ndarray, " f"], among: int | None = None
) -> Float64[np.ndarray, " f"]:
    """Return how often a motif's positions in a random order match one of `targets` as well as in their own.

    Tomtom's p-values take the positions of a known motif to be drawn one by one. Long motifs of weak positions do not
    look like that, and match each other by the dozen. This share is a p-value that holds for them: ``(1 + n) / (1 +
    ORDERS)`` of n orders that do as well. One that is itself in many orders has no small one (`own_orders`).

    Parameters
    ----------
    found, targets : list of Motif
        See `match`.
    best : ndarray, shape (f,)
        The least p-value of each found motif.
    among : int, optional
        The targets that it is the least over: the first so many.
    """
    rng, as_well = np.random.default_rng(0), np.zeros(len(found))
    cores = [trimmed(motif) for motif in found]
    for _ in range(ORDERS):
        shuffled = [
            Motif(core.name, core.identifier, core.probabilities[:, rng.permutation(core.width)], core.n_sites)
            for core in cores
        ]
        as_well += tomtom(shuffled, targets)[0][:, :among].min(axis=1) <= best
    return (1 + as_well) / (1 + ORDERS)


def own_orders(motif: Motif) -> float:
    """Return in which share of the orders of its positions, cut as in `by_chance`, a motif stays as it is.

    Of AGGGG a fifth. Where it is more than `CHANCE` there is no telling whether a match is one of the order, so the
    motif is hardly ever named. Positions are the same one whose probabilities are, to a tenth.
    """
    core = trimmed(motif)
    _, sizes = np.unique(core.probabilities.round(1), axis=1, return_counts=True)
    return math.prod(map(math.factorial, sizes.tolist())) / math.factorial(core.width)


def is_named(q: Float[np.ndarray, " f"], chance: Float[np.ndarray, " f"]) -> Bool[np.ndarray, " f"]:
    """Tell which motifs have a match: a q-value of no more than `Q` that a random order does not reach."""
    return (q <= Q) & (chance <= CHANCE)


def trimmed(motif: Motif) -> Motif:
    """Return a motif from its first to its last position of at least `LEAST` bits; whole, where it has none."""
    informative = np.flatnonzero(information(motif) >= LEAST)
    if len(informative) == 0:
        return motif
    kept = motif.probabilities[:, informative[0] : informative[-1] + 1]
    return Motif(motif.name, motif.identifier, np.ascontiguousarray(kept), motif.n_sites)


def information(motif: Motif) -> Float64[np.ndarray, " width"]:
    """Return the information of each position in bits, against equal bases: 0 to 2."""
    p = motif.probabilities
    return 2 + (p * np.log2(np.maximum(p, 1e-12))).sum(axis=0)
