"""Which effects are no news: those of the same alleles between flanks where they mean nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Float, Int

from cislearn.errors import UserError, nearest
from cislearn.genome.token_genome import Genome
from cislearn.sequence.shuffle import shuffle_dinucleotides
from cislearn.sequence.tokens import N
from cislearn.variants.alleles import Change, Flanks, allele_windows, read_flanks
from cislearn.variants.check import Placed
from cislearn.variants.effects import Measure

Flanking = Literal["shuffled", "places"]
"""Between which flanks: those of the variant with the dinucleotides in another order, or those of a random place of its
chromosome."""
TRIES = 50
"""Random places looked at for one without N, at most."""

Score = Callable[[np.ndarray, np.ndarray], list[Measure]]
"""From windows of REF and of ALT to the measures of all tasks."""


def flanking(name: str) -> Flanking:
    """Return the null of that name.

    Raises
    ------
    UserError
        Where there is none.
    """
    known = get_args(Flanking)
    if name not in known:
        raise UserError(f"{name!r} is no null{nearest(name, known)}", where="--null", fix="Or give none.")
    return name  # type: ignore[return-value]


class Sample:
    """Up to `n` substitutions and `n` indels of a stream, each as likely as any other."""

    def __init__(self, n: int, rng: np.random.Generator) -> None:
        self.n, self.rng = n, rng
        self._kept: dict[bool, list[tuple[float, int, Change]]] = {False: [], True: []}

    def add(self, placed: Placed) -> None:
        """Hear of more alleles."""
        drawn = self.rng.random(len(placed.rows))
        for key, code, change in zip(drawn, placed.code, placed.changes, strict=True):
            self._kept[change.is_indel].append((float(key), int(code), change))
        for is_indel, kept in self._kept.items():  # the smallest keys are a uniform sample, however long the stream
            self._kept[is_indel] = sorted(kept, key=lambda each: each[0])[: self.n]

    def draw(self, is_indel: bool) -> tuple[Int[np.ndarray, " n"], list[Change]]:
        """Return chromosomes and changes of `n` draws of one kind; some twice where there are fewer, none without."""
        kept = self._kept[is_indel]
        if not kept:
            return np.empty(0, np.int64), []
        rows = np.resize(np.arange(len(kept)), self.n)
        return np.array([kept[k][1] for k in rows]), [kept[k][2] for k in rows]


@dataclass(frozen=True)
class Null:
    """Effects without meaning: sizes of the mean effect over members, sorted, by indel or not and by what they are of.

    Substitutions are compared with substitutions and indels with indels, whose flanks move.
    """

    sizes: Mapping[tuple[bool, str], Float[np.ndarray, " k"]]

    def p(self, measure: Measure, is_indel: Bool[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """Return of each effect the share of null effects at least as large, either sign: (1 + larger) / (1 + all).

        So none is 0 (Phipson and Smyth 2010, *Permutation p-values should never be zero*). NaN where there is no null.
        """
        p = np.full(len(is_indel), np.nan)
        size = np.abs(measure.effect.mean(axis=1))
        for kind in (False, True):
            null = self.sizes.get((kind, measure.of))
            mine = is_indel == kind
            if null is not None and len(null):
                p[mine] = (1 + len(null) - np.searchsorted(null, size[mine], side="left")) / (1 + len(null))
        return p


def make_null(
    sample: Sample, genome: Genome, length: int, how: Flanking, score: Score, rng: np.random.Generator
) -> Null:
    """Score the alleles of a sample between flanks where they mean nothing.

    Parameters
    ----------
    sample : Sample
        Of the file's own alleles.
    genome : Genome
        That they lie on.
    length : int
        Bases of a window.
    how : {"shuffled", "places"}
        Which flanks.
    score : callable
        From windows to measures.
    rng : Generator
        Source of order and places.
    """
    draw = _shuffled if how == "shuffled" else _elsewhere
    sizes = {}
    for is_indel in (False, True):
        code, changes = sample.draw(is_indel)
        if not changes:
            continue
        flanks, kept = draw(code, changes, genome, length, rng)
        found = score(*(allele_windows(flanks, [getattr(changes[k], each) for k in kept]) for each in ("ref", "alt")))
        for measure in found[::-1]:  # so that the first measure of a name stays
            sizes[is_indel, measure.of] = np.sort(np.abs(measure.effect.mean(axis=1)))
    return Null(sizes)


def _shuffled(
    code: Int[np.ndarray, " n"], changes: list[Change], genome: Genome, length: int, rng: np.random.Generator
) -> tuple[Flanks, Int[np.ndarray, " n"]]:
    """Flanks of changes in another order, and which changes they are of: all."""
    start = np.array([change.start for change in changes], dtype=np.int64)
    stop = start + [len(change.ref) for change in changes]
    moved = shuffle_dinucleotides(np.concatenate(read_flanks(genome, code, start, stop, length), axis=1), rng)
    return Flanks(moved[:, : length // 2], moved[:, length // 2 :]), np.arange(len(changes))


def _elsewhere(
    code: Int[np.ndarray, " n"], changes: list[Change], genome: Genome, length: int, rng: np.random.Generator
) -> tuple[Flanks, Int[np.ndarray, " k"]]:
    """Flanks of random places without N on the same chromosomes, and which changes have found one."""
    n, half = len(changes), length // 2
    size = np.array([len(change.ref) for change in changes], dtype=np.int64)
    room = np.array(list(genome.chromosomes.values()), dtype=np.int64)[code] - size - length - half
    left, right = np.full((n, half), N), np.full((n, length), N)
    is_missing = room > 0
    for _ in range(TRIES):
        rows = np.flatnonzero(is_missing)
        if not len(rows):
            break
        start = half + rng.integers(0, room[rows])
        left[rows], right[rows] = read_flanks(genome, code[rows], start, start + size[rows], length)
        is_missing[rows] = (left[rows] == N).any(axis=1) | (right[rows] == N).any(axis=1)
    kept = np.flatnonzero(~is_missing & (room > 0))
    return Flanks(left[kept], right[kept]), kept
