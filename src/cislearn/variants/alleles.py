"""From REF and ALT to the two windows that a model reads: the one written rule for substitutions and indels alike.

Bases that both alleles end or begin with are taken off. What is left of an allele, which may be nothing, stands in the
middle of its own window, and the bases of the genome on either side fill it up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int, UInt8

from cislearn.genome.token_genome import Genome
from cislearn.sequence.tokens import encode

SYMBOLIC = "symbolic allele: it has no sequence"
BREAKEND = "breakend: it joins other places of the genome"
OVERLAPPING = "the allele is missing because of a deletion nearby (*)"
NO_ALT = "there is no other allele (.)"
SAME = "REF = ALT"
UNKNOWN = "an allele has bases that are not known"
TOO_LONG = "an allele of {bp:,} bp is longer than the window ({length:,} bp)"
_KNOWN = re.compile("[ACGT]+", re.IGNORECASE)


class Change(NamedTuple):
    """What differs between two alleles: `ref` at `start` (0-based) becomes `alt`; one of them may be empty."""

    start: int
    ref: str
    alt: str

    @property
    def is_indel(self) -> bool:
        """Whether the length changes."""
        return len(self.ref) != len(self.alt)


class Flanks(NamedTuple):
    """Bases of the genome about changes, as many as any allele could need."""

    left: UInt8[np.ndarray, "n half"]
    """The `length // 2` bases before the change."""
    right: UInt8[np.ndarray, "n length"]
    """The `length` bases after the last base of REF."""


def why_no_change(ref: str, alt: str) -> str:
    """Return why two alleles of a VCF file are no change of known bases; empty where they are one."""
    if alt == ".":
        return NO_ALT
    if alt == "*":
        return OVERLAPPING
    if "<" in alt:
        return SYMBOLIC
    if "[" in alt or "]" in alt or "." in alt:
        return BREAKEND
    if not (_KNOWN.fullmatch(ref) and _KNOWN.fullmatch(alt)):
        return UNKNOWN
    return SAME if ref.upper() == alt.upper() else ""


def change_of(position: int, ref: str, alt: str) -> Change:
    """Return what differs between the alleles of a record: equal ends are taken off, then equal beginnings.

    Parameters
    ----------
    position : int
        POS, 1-based.
    ref, alt : str
        Known bases, not equal.
    """
    start, ref, alt = position - 1, ref.upper(), alt.upper()
    while ref and alt and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while ref and alt and ref[0] == alt[0]:
        start, ref, alt = start + 1, ref[1:], alt[1:]
    return Change(start, ref, alt)


def before(bases: int, length: int) -> int:
    """Return how many bases of a window of `length` stand before an allele of `bases`.

    A single base stands at ``length // 2``, where the summit of a region does.
    """
    return length // 2 - bases // 2


def reach(change: Change, length: int) -> tuple[int, int]:
    """Return the first position of the genome (0-based) that either window reads, and the one after the last."""
    sizes = (len(change.ref), len(change.alt))
    left = max(before(bases, length) for bases in sizes)
    right = max(length - bases - before(bases, length) for bases in sizes)
    return change.start - left, change.start + len(change.ref) + right


def read_flanks(
    genome: Genome,
    chrom: Int[np.ndarray, " n"],
    start: Int[np.ndarray, " n"],
    stop: Int[np.ndarray, " n"],
    length: int,
) -> Flanks:
    """Return the bases before `start` and from `stop` on (0-based), on chromosomes given by their codes."""
    half = length // 2
    left = genome.gather(chrom, start - half, half) if half else np.empty((len(start), 0), np.uint8)
    return Flanks(left, genome.gather(chrom, stop, length))


def allele_windows(flanks: Flanks, alleles: Sequence[str]) -> UInt8[np.ndarray, "n length"]:
    """Return the windows of alleles between their flanks; no allele is longer than a window."""
    n, length = flanks.right.shape
    half = length // 2
    windows = np.empty((n, length), dtype=np.uint8)
    for row, allele in enumerate(alleles):
        bases = len(allele)
        first = before(bases, length)
        windows[row, :first] = flanks.left[row, half - first :]
        windows[row, first : first + bases] = encode(allele)
        windows[row, first + bases :] = flanks.right[row, : length - first - bases]
    return windows
