"""Which factors in which cell types a folder has: positives and negatives of each, or the reason why not."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cislearn.errors import UserError

NEGATIVE = "_back"
SEQUENCES = (".fasta.gz", ".fa.gz", ".fasta", ".fa")
REGIONS = (".bed.gz", ".narrowPeak.gz", ".bed", ".narrowPeak")
GENOMES = ("genome.fa", "genome.fa.gz", "genome.fasta", "genome.fasta.gz")


@dataclass(frozen=True)
class Pair:
    """A factor in a cell type: the files of both classes, sequences of both or regions of both."""

    factor: str
    cell: str
    positives: Path
    negatives: Path


@dataclass(frozen=True)
class Found:
    """What a folder holds.

    Parameters
    ----------
    pairs : tuple of Pair
        Those with both classes, by factor and cell.
    left_out : dict of str to str
        ``FACTOR in CELL`` to the reason why it is none of them.
    genome : Path, optional
        For pairs of regions.
    """

    pairs: tuple[Pair, ...]
    left_out: dict[str, str]
    genome: Path | None

    def of(self, factor: str) -> dict[str, Pair]:
        """Return the pairs of a factor by cell."""
        return {pair.cell: pair for pair in self.pairs if pair.factor == factor}

    @property
    def factors(self) -> list[str]:
        """Those with two cells or more: one to learn from and one to test on."""
        names = dict.fromkeys(pair.factor for pair in self.pairs)
        return [name for name in names if len(self.of(name)) > 1]


def find_pairs(folder: Path) -> Found:
    """Look through ``CELL/FACTOR.fasta.gz`` and ``CELL/FACTOR_back.fasta.gz``, or ``.bed`` with ``genome.fa`` beside.

    Raises
    ------
    UserError
        Where the folder has no pair, a cell or a factor is spelled in two ways, or two cells have the same positives.
    """
    if not folder.is_dir():
        raise UserError("no such folder", where=folder, fix="Give --files with the folder that holds dann_tf/.")
    genome = next((folder / name for name in GENOMES if (folder / name).is_file()), None)
    pairs, left_out = [], {}
    cells = sorted(path for path in folder.iterdir() if path.is_dir())
    factors = {cell.name: _factors(cell) for cell in cells}
    _refuse_two_spellings("cell type", (cell.name for cell in cells if factors[cell.name]), folder)
    _refuse_two_spellings("factor", {name for names in factors.values() for name in names}, folder)
    for cell in cells:
        for factor in factors[cell.name]:
            found = _pair(cell, factor, genome)
            if isinstance(found, Pair):
                pairs.append(found)
            else:
                left_out[f"{factor} in {cell.name}"] = found
    pairs.sort(key=lambda pair: (pair.factor, pair.cell))
    if not pairs:
        raise UserError(
            "has no factor with positives and negatives",
            where=folder,
            fix=f"Expected CELL/FACTOR.fasta.gz and CELL/FACTOR{NEGATIVE}.fasta.gz, or .bed files and a genome.fa.",
        )
    _refuse_equal(pairs)
    return Found(tuple(pairs), left_out, genome)


def _factors(cell: Path) -> list[str]:
    names = {
        path.name.removesuffix(ending).removesuffix(NEGATIVE)
        for path in cell.iterdir()
        for ending in (*SEQUENCES, *REGIONS)
        if path.name.endswith(ending)
    }
    return sorted(names)


def _pair(cell: Path, factor: str, genome: Path | None) -> Pair | str:
    """Return the pair, or why there is none."""
    reason = ""
    for kind, endings in (("sequences", SEQUENCES), ("regions", REGIONS)):
        positives, negatives = (_file(cell, factor + suffix, endings) for suffix in ("", NEGATIVE))
        if positives is None and negatives is None:
            continue
        if positives is None or negatives is None:
            reason = reason or f"{kind} of {'positives' if negatives is None else 'negatives'} alone"
        elif kind == "regions" and genome is None:
            reason = f"{reason + '; ' if reason else ''}regions of both classes, and no genome.fa beside the cell types"
        else:
            return Pair(factor, cell.name, positives, negatives)
    return reason


def _file(cell: Path, stem: str, endings: tuple[str, ...]) -> Path | None:
    return next((cell / f"{stem}{ending}" for ending in endings if (cell / f"{stem}{ending}").is_file()), None)


def _refuse_two_spellings(what: str, names: Iterable[str], folder: Path) -> None:
    """Refuse names that differ in case or punctuation alone: windows of one would be sources for the other."""
    seen: dict[str, str] = {}
    for name in sorted(names):
        other = seen.setdefault(re.sub(r"[^a-z0-9]", "", name.lower()), name)
        if other != name:
            raise UserError(
                f"{what} {name!r} is also spelled {other!r}", where=folder, fix="Give all of its files one name."
            )


def _refuse_equal(pairs: Iterable[Pair]) -> None:
    """Refuse a factor whose positives in two cell types are one file: a target must not be its own source."""
    seen: dict[tuple[str, str], Pair] = {}
    for pair in pairs:
        digest = hashlib.blake2b(pair.positives.read_bytes(), digest_size=16).hexdigest()
        other = seen.setdefault((pair.factor, digest), pair)
        if other is not pair:
            raise UserError(
                f"holds the same bytes as {other.positives}: {pair.cell} would be a source for itself",
                where=pair.positives,
                fix="Remove one of the two, or put the right file there.",
            )
