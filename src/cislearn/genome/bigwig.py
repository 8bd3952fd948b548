"""A bigWig file: one number a base, along the genome that it was made on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
import pybigtools
from jaxtyping import Float32, Int

from cislearn.errors import UserError
from cislearn.genome.chromosomes import is_mitochondrion, some_names, spelled_alike


class BigWig:
    """An open bigWig file of a coverage, counts or any other signal that is never negative.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    UserError
        Where it is absent, no bigWig or truncated, or has no signal or a negative one.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).expanduser()
        if not self.path.is_file():
            raise UserError("no such file", where=self.path)
        try:
            self._file = pybigtools.open(str(self.path))
            if not self._file.is_bigwig:
                raise ValueError("it is a bigBed")
            self.chromosomes: Mapping[str, int] = dict(self._file.chroms())
            self._summary = self._file.info()["summary"]
        except Exception as error:  # pybigtools has several classes, and Rust's own panics
            raise UserError(f"is no bigWig file, or not whole: {error}", where=self.path) from error
        if self._summary["min"] < 0:
            raise UserError(
                f"has values below 0 (the least is {self._summary['min']:g}), and a track is a coverage or a count",
                where=self.path,
                fix="Give the signal itself: not its logarithm, not its difference to a control, a minus strand without"
                " sign.",
            )
        if np.isnan(self._summary["sum"]):
            raise UserError(
                "has values that are no numbers (NaN)",
                where=self.path,
                fix="Leave these bases out of the file: a base without a value counts as 0.",
            )
        if not 0 < self.mean < np.inf:
            raise UserError("has no signal outside the mitochondria", where=self.path)

    @cached_property
    def mean(self) -> float:
        """Mean over all bases but those of mitochondria, bases without a value counted as 0.

        It does not depend on whether a file spells its zeros out. Mitochondria have up to half of the reads of an
        ATAC-seq library, which says nothing of the nucleus.
        """
        nuclear = sum(length for chrom, length in self.chromosomes.items() if not is_mitochondrion(chrom))
        outside = sum(
            float(self._values(chrom, 0, length).sum(dtype=np.float64))
            for chrom, length in self.chromosomes.items()
            if is_mitochondrion(chrom)
        )
        return (self._summary["sum"] - outside) / max(1, nuclear)

    def gather(self, chrom: np.ndarray, start: Int[np.ndarray, " n"], width: int) -> Float32[np.ndarray, "n width"]:
        """Values of `width` bases from each `start` (0-based) on; 0 where there is none and off a chromosome's ends.

        Raises
        ------
        UserError
            Where the file turns out to be truncated.
        """
        values = np.zeros((len(start), width), dtype=np.float32)
        for row in np.lexsort((start, chrom.astype(str))):  # along the file, as it is read fastest
            place = int(start[row])
            first, last = max(0, place), min(place + width, self.chromosomes[chrom[row]])
            if first < last:
                values[row, first - place : last - place] = self._values(chrom[row], first, last)
        return values

    def lacking(self, names: Iterable[str]) -> list[str]:
        """Chromosomes of `names` that the file does not have, in no spelling: many list only those with data."""
        unknown = (name for name in names if name not in self.chromosomes)
        return [name for name in unknown if spelled_alike(name, self.chromosomes) is None]

    def check_places(
        self, chrom: np.ndarray, end: Int[np.ndarray, " n"], genome: Mapping[str, int] | None = None
    ) -> None:
        """Refuse windows on chromosomes that the file does not have, or has at another length.

        Parameters
        ----------
        chrom : ndarray, shape (n,), str
            Chromosome of each window.
        end : ndarray, shape (n,), int
            0-based end of each window, without its margin.
        genome : mapping of str to int, optional
            Lengths (bp) of the chromosomes of the genome that the windows lie on, where it is known.

        Raises
        ------
        UserError
            Names the file, the chromosome, and the spelling that would match.
        """
        for name in dict.fromkeys(chrom):
            if name not in self.chromosomes:
                raise self._unknown(name)
            length = self.chromosomes[name]
            expected = (genome or {}).get(name)
            if expected is not None and expected != length:
                raise self._another_build(f"{name} has {length:,} bp here and {expected:,} bp in the genome")
            if (last := int(end[chrom == name].max())) > length:
                raise self._another_build(f"{name} has {length:,} bp, and a window ends at {last:,}")

    def _values(self, chrom: str, first: int, last: int) -> Float32[np.ndarray, " n"]:
        try:  # bases without a value are NaN unless `fillna` is said, in some versions
            return self._file.values(chrom, first, last, fillna=0.0).astype(np.float32)
        except Exception as error:
            raise UserError(f"is not whole: {error}", where=self.path, fix="Download it again.") from error

    def _unknown(self, name: str) -> UserError:
        alike = spelled_alike(name, self.chromosomes)
        if alike is None:
            problem = f"has no chromosome {name}; it has {some_names(self.chromosomes)}"
            return UserError(problem, where=self.path, fix="Give the track of the build that the windows lie on.")
        return UserError(
            f"has no chromosome {name}; it has {alike}",
            where=self.path,
            fix=f"Name the chromosomes alike: {alike} in genome and regions, or {name} in the track.",
        )

    def _another_build(self, problem: str) -> UserError:
        return UserError(
            f"is of another build: {problem}", where=self.path, fix="Give the track of the build of the windows."
        )
