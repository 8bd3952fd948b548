"""The bigWig files of one signal, one or a strand each, read along windows in the direction of these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float32, Int, Shaped

from cislearn.errors import UserError, nearest
from cislearn.genome.bigwig import BigWig
from cislearn.schema import ReverseRule

Kind = Literal["track", "profile"]
"""What a signal is given for; also the option of the command line."""
Paths = Sequence[Path | str]
"""One file, or those of the plus and of the minus strand."""
RULES: dict[int, tuple[ReverseRule, ...]] = {1: ("flip", "flip_and_shift"), 2: ("flip_and_permute",)}
"""How a signal of one file and of two strands may be turned; the first one is the default."""


@dataclass(frozen=True)
class StrandFiles:
    """A signal, open.

    Parameters
    ----------
    files : tuple of BigWig
        One, or those of the plus and of the minus strand.
    rule : ReverseRule
        What the other strand does to it.
    """

    files: tuple[BigWig, ...]
    rule: ReverseRule

    @classmethod
    def open(cls, paths: Paths, rule: ReverseRule) -> StrandFiles:
        """Open the files.

        Raises
        ------
        UserError
            Where one cannot be read.
        """
        return cls(tuple(map(BigWig, paths)), rule)

    @property
    def mean(self) -> float:
        """Of both files together: each divided by its own, they would no longer say which strand has more."""
        return sum(file.mean for file in self.files) / len(self.files)

    def gather(self, chrom: np.ndarray, start: Int[np.ndarray, " n"], width: int) -> Float32[np.ndarray, "n s more"]:
        """Return what the files have of `width` bases from each `start` (0-based) on, and of one base more.

        What lies left of a base lies right of its partner on the other strand, so `along` may need that one.
        """
        return np.stack([file.gather(chrom, start, width + 1) for file in self.files], axis=1)

    def along(self, gathered: Float32[np.ndarray, "n s more"], strand: pd.Series) -> Float32[np.ndarray, "n s width"]:
        """Return what was gathered in the direction of each window: on ``-`` it is turned, and plus and minus swap."""
        is_minus = (strand == "-").to_numpy(dtype=bool)
        values = gathered[:, :, :-1].copy()
        turned = gathered[:, :, 1:] if self.rule == "flip_and_shift" else gathered[:, :, :-1]
        values[is_minus] = turned[is_minus, ::-1, ::-1]  # of a single file the order of strands is what it was
        return values

    def refuse_equal(self, values: Shaped[np.ndarray, "n s width"]) -> None:
        """Refuse two strands that are the same in all windows read.

        Raises
        ------
        UserError
            Names both files.
        """
        if len(self.files) == 2 and values.any() and np.array_equal(values[:, 0], values[:, 1]):
            one, other = (file.path for file in self.files)
            raise UserError(f"has the same counts as {one}, given as the other strand", where=other)


def check_names(kind: Kind, given: Mapping[str, Iterable[str]], rules: Iterable[str], domains: Sequence[str]) -> None:
    """Refuse rules of signals, and domains of those `given`, that there are not.

    Raises
    ------
    UserError
        With the nearest name.
    """
    for name in rules:
        if name not in given:
            raise UserError(f"a rule is given for {kind} {name!r}{nearest(name, given)}", where=f"--{kind}-rule")
    for name, mine in given.items():
        for domain in mine:
            if domain not in domains:
                raise UserError(
                    f"{name} is given for domain {domain!r}, which has no examples{nearest(domain, domains)}",
                    where=f"--{kind}",
                )


def rule_of(kind: Kind, name: str, given: Iterable[Paths], rule: str | None) -> tuple[ReverseRule, int]:
    """Return the rule of a signal, of which files are `given` several times, and its channels: how many files each.

    Raises
    ------
    UserError
        Where there are not as many each time, one file stands for both strands, or the rule does not suit.
    """
    each = list(given)
    strands = {len(files) for files in each}
    if len(strands) != 1 or not strands <= RULES.keys():
        raise UserError(
            f"{kind} {name!r} is given as {' and '.join(map(str, sorted(strands)))} files",
            where=f"--{kind}",
            fix="Give one file each time, or two each time: PLUS.bw,MINUS.bw.",
        )
    for files in each:
        if len({Path(file).resolve() for file in files}) < len(files):
            raise UserError(f"{kind} {name!r} has {files[0]} for both strands", where=f"--{kind}")
    (channels,) = strands
    known = RULES[channels]
    if rule is None:
        return known[0], channels
    for turned in known:
        if turned == rule:
            return turned, channels
    raise UserError(
        f"{rule!r} is no rule for {kind} {name!r} of {channels} file{'s' * (channels > 1)}{nearest(rule, known)}",
        where=f"--{kind}-rule",
    )


def check_places(signals: Iterable[StrandFiles], loci: pd.DataFrame, genome: Mapping[str, int] | None) -> None:
    """Refuse windows without a place, and places that one of the files does not have.

    Parameters
    ----------
    signals : iterable of StrandFiles
        Tracks or profiles.
    loci : DataFrame
        chrom, end (0-based, without the margin); file and line for messages.
    genome : mapping of str to int, optional
        Lengths (bp) of the chromosomes of the genome that they lie on.

    Raises
    ------
    UserError
        Names the file, the chromosome and what would match.
    """
    chrom = loci["chrom"].to_numpy(dtype=object)
    if (chrom == "").any():
        first: Mapping[str, Any] = loci[chrom == ""].iloc[0].to_dict()
        raise UserError(
            "has examples without coordinates, and a track is read by its place on the genome",
            where=first.get("file", None),
            line=int(first["line"]) if "line" in first else None,
            fix="Give regions with --genome, headers chrom:start-end, or a table with a locus; or no track.",
        )
    for signal in signals:
        for file in signal.files:
            file.check_places(chrom, loci["end"].to_numpy(dtype=np.int64), genome)


def check_most_places(
    signals: Sequence[StrandFiles], loci: pd.DataFrame, genome: Mapping[str, int] | None
) -> dict[str, str]:
    """Refuse what `check_places` does, but for chromosomes that a file lacks while it has others of the `loci`.

    Returns
    -------
    dict of str to str
        Those chromosomes, each with the reason why its windows have no signal.
    """
    names = [name for name in dict.fromkeys(loci["chrom"]) if name]
    reasons: dict[str, str] = {}
    for file in (file for signal in signals for file in signal.files):
        lacking = file.lacking(names)
        if len(lacking) < len(names):
            reasons |= {name: f"{file.path.name} has no chromosome {name}" for name in lacking}
    check_places(signals, loci[~loci["chrom"].isin(reasons)], genome)
    return reasons
