"""Alleles held against the genome: whether REF stands there, and whether the window lies on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float, Int, Shaped

from cislearn.errors import UserError
from cislearn.genome.chromosomes import spelled_alike
from cislearn.genome.token_genome import Genome
from cislearn.genome.windows import LEAVES, OUTSIDE
from cislearn.genome.windows import UNKNOWN as NO_CHROMOSOME
from cislearn.sequence.tokens import N, decode, encode
from cislearn.variants.alleles import TOO_LONG, Change, change_of, reach, why_no_change

MISMATCH = "REF is {ref}, and the genome has {seen}"
TELOMERE = "position 0 is the telomere, before the first base of {chrom}"
EXCHANGED = "; ALT is the genome's: the alleles may be exchanged"
_SHOWN = 12
"""Bases of an allele that a message shows."""


@dataclass(frozen=True)
class Placed:
    """Rows of alleles on a genome.

    Attributes
    ----------
    rows : ndarray, shape (m,)
        Which of the n rows can be scored.
    code : ndarray, shape (m,)
        Chromosome of each of those.
    changes : list of Change, m of them
        What differs between their alleles.
    match : ndarray, shape (n,)
        Whether REF is the genome's: 1 or 0, NaN where there is nothing to compare.
    reason : ndarray, shape (n,)
        Why a row cannot be scored; empty where it can.
    """

    rows: Int[np.ndarray, " m"]
    code: Int[np.ndarray, " m"]
    changes: list[Change]
    match: Float[np.ndarray, " n"]
    reason: Shaped[np.ndarray, " n"]

    @property
    def start(self) -> Int[np.ndarray, " m"]:
        """First base of each change, 0-based."""
        return np.array([change.start for change in self.changes], dtype=np.int64)

    @property
    def stop(self) -> Int[np.ndarray, " m"]:
        """The position after what REF says of each change."""
        return np.array([change.start + len(change.ref) for change in self.changes], dtype=np.int64)

    @property
    def is_indel(self) -> Shaped[np.ndarray, " m"]:
        """Whether each change is one of length."""
        return np.array([change.is_indel for change in self.changes], dtype=bool)

    def without(self, rows: Shaped[np.ndarray, " m"], reason: str) -> Placed:
        """Return this with some of the rows that can be scored, a mask of them, left out for a reason."""
        told = self.reason.copy()
        told[self.rows[rows]] = reason
        kept = np.flatnonzero(~rows)
        return Placed(self.rows[kept], self.code[kept], [self.changes[k] for k in kept], self.match, told)


class Names:
    """Chromosomes of a file by those of a genome; ``chr`` may be added or taken off. Remembers what it was asked."""

    def __init__(self, genome: Genome) -> None:
        self.genome, self.known = genome, dict[str, str | None]()

    def __call__(self, name: str) -> str | None:
        """Return the genome's name, None where it has no such chromosome."""
        if name not in self.known:
            chromosomes = self.genome.chromosomes
            self.known[name] = name if name in chromosomes else spelled_alike(name, chromosomes)
        return self.known[name]


def place_alleles(rows: pd.DataFrame, genome: Genome, names: Names, length: int) -> Placed:
    """Hold the rows of `cislearn.variants.vcf.split_alleles` against a genome, for windows of `length` bp."""
    seen = _bases_there(rows, genome, names)
    found = [_judge(row, bases, genome, names, length) for row, bases in zip(rows.itertuples(), seen, strict=True)]
    kept = [k for k, (_, reason, _) in enumerate(found) if not reason]
    chrom = rows["chrom"].to_numpy(object)
    return Placed(
        np.array(kept, dtype=np.int64),
        np.array([genome.code(str(names(chrom[k]))) for k in kept], dtype=np.int64),
        [change for change, reason, _ in found if change is not None and not reason],
        np.array([match for *_, match in found], dtype=np.float64),
        np.array([reason for _, reason, _ in found], dtype=object),
    )


def _bases_there(rows: pd.DataFrame, genome: Genome, names: Names) -> list[str]:
    """What the genome has in the place of each REF; N off the chromosome, empty without one."""
    chrom = [names(name) for name in rows["chrom"]]
    sizes = rows["ref"].str.len().to_numpy(np.int64)
    there = [""] * len(rows)
    is_known = np.array([name is not None for name in chrom], dtype=bool)
    for size in np.unique(sizes[is_known]):
        mine = np.flatnonzero(is_known & (sizes == size))
        codes = np.array([genome.code(str(chrom[k])) for k in mine], dtype=np.int64)
        for k, tokens in zip(mine, genome.gather(codes, rows["pos"].to_numpy()[mine] - 1, int(size)), strict=True):
            there[k] = decode(tokens)
    return there


def _judge(row: object, there: str, genome: Genome, names: Names, length: int) -> tuple[Change | None, str, float]:
    """What differs between the alleles of a row, why it cannot be scored, and whether its REF is the genome's."""
    chrom, position, ref, alt = (getattr(row, name) for name in ("chrom", "pos", "ref", "alt"))
    name = names(chrom)
    if name is None:
        return None, NO_CHROMOSOME.format(chrom=chrom), np.nan
    if position == 0:
        return None, TELOMERE.format(chrom=name), np.nan
    size = genome.chromosomes[name]
    if position - 1 + len(ref) > size:
        return None, OUTSIDE.format(chrom=name, length=size), 0.0
    match = _agree(ref, there)
    if reason := why_no_change(ref, alt):
        return None, reason, match
    if match == 0:
        exchanged = EXCHANGED if len(alt) == len(ref) and _agree(alt, there) == 1 else ""
        return None, MISMATCH.format(ref=_short(ref), seen=_short(there)) + exchanged, match
    change = change_of(position, ref, alt)
    longest = max(len(change.ref), len(change.alt))
    if longest > length:
        return None, TOO_LONG.format(bp=longest, length=length), match
    first, last = reach(change, length)
    return change, LEAVES if first < 0 or last > size else "", match


def _agree(allele: str, there: str) -> float:
    """Whether two sequences of one length are equal where both are known; NaN where nowhere."""
    one, other = encode(allele), encode(there)
    is_known = (one != N) & (other != N)
    return float((one == other)[is_known].all()) if is_known.any() else np.nan


def _short(bases: str) -> str:
    return bases if len(bases) <= _SHOWN else f"{bases[:_SHOWN]}... ({len(bases):,} bp)"


@dataclass
class Agreement:
    """How many records have the genome's bases as REF.

    Attributes
    ----------
    compared, matched : int
        Records whose REF could be compared, those past the end of a chromosome included, and those that agree.
    exchanged : int
        Of those that do not agree, how many have the genome's bases as ALT.
    """

    compared: int = 0
    matched: int = 0
    exchanged: int = 0

    @property
    def share(self) -> float:
        """Share of the compared that match; NaN where none was."""
        return self.matched / self.compared if self.compared else float("nan")

    def add(self, rows: pd.DataFrame, placed: Placed) -> None:
        """Count the records of some rows, each once."""
        match = placed.match[rows["is_first"].to_numpy(bool)]
        self.compared += int((~np.isnan(match)).sum())
        self.matched += int((match == 1).sum())
        self.exchanged += sum(str(reason).endswith(EXCHANGED) for reason in placed.reason)

    def refuse(self, path: Path, genome: Genome, least: float) -> None:
        """Refuse a file of another build.

        Raises
        ------
        UserError
            Where a smaller share than `least` matches.
        """
        if self.share < least:
            exchanged = f"; in {self.exchanged:,} the genome has ALT" if self.exchanged else ""
            raise UserError(
                f"REF is the genome's in {self.matched:,} of {self.compared:,} records ({self.share:.0%}){exchanged}",
                where=path,
                fix=f"It looks like another build than {genome.path.name}: give the genome that the variants were "
                f"called on, or a lower --min-agreement than {least:g} to score those that match.",
            )
