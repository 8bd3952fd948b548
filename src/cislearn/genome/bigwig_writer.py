"""Values along windows written as a bigWig file, which genome browsers draw at every zoom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pybigtools
from jaxtyping import Float, Float64, Int, Int64

from cislearn.atomic import file_written_whole
from cislearn.errors import UserError
from cislearn.genome.chromosomes import some_names, spelled_alike

WINDOWS = 1000
"""Windows that are in memory at a time."""


def write_bigwig(
    path: Path,
    chromosomes: Mapping[str, int],
    chrom: np.ndarray,
    start: Int[np.ndarray, " n"],
    values: Float[np.ndarray, "n length"],
) -> None:
    """Write one number a base for every base that a window covers, whole or not at all.

    Windows may come in any order; a base that several cover gets the mean of what they say. Bases that none covers have
    no value. The file has the levels of zoom without which browsers draw it flat.

    Parameters
    ----------
    path : Path
        Ends in ``.bw`` or ``.bigWig``.
    chromosomes : mapping of str to int
        Names and lengths (bp) of the genome's chromosomes; the file lists those on which a window lies.
    chrom : ndarray, shape (n,), str
        Chromosome of each window.
    start : ndarray, shape (n,), int
        Its first base, 0-based.
    values : ndarray, shape (n, length)
        Along the genome's forward strand; may be a memory map, of which some windows are read at a time.

    Raises
    ------
    UserError
        Where there is no window, one lies on no chromosome of the genome, leaves its chromosome or has a value that is
        no number, where the name does not end as it has to, or the disk refuses.
    """
    check_name(path)
    if len(chrom) == 0:
        raise UserError("has no window to be written", where=path)
    _check_places(path, chromosomes, chrom, start, values.shape[1])
    _check_values(path, chrom, start, values)
    values_by_base = _base_by_base(sorted(chromosomes), chrom, start, values)
    write_intervals(path, chromosomes, values_by_base, n_covered(chrom, start, values.shape[1]))


Interval = tuple[str, int, int, float]
"""Chromosome, start and end (0-based, half-open) and the value of each base between."""


def write_intervals(path: Path, chromosomes: Mapping[str, int], intervals: Iterable[Interval], n_bases: int) -> None:
    """Write intervals as they come, whole or not at all.

    Parameters
    ----------
    path : Path
        Ends in ``.bw`` or ``.bigWig``.
    chromosomes : mapping of str to int
        Names and lengths (bp) of the genome's chromosomes; the file lists those on which an interval lies.
    intervals : iterable of tuple
        Sorted by name and start, none over another. What it raises is raised here.
    n_bases : int
        How many bases they cover, by which a file that was cut short is told.

    Raises
    ------
    UserError
        Where the name does not end as it has to, or the disk refuses.
    """
    check_name(path)
    told = _Told(intervals)
    with file_written_whole(path) as partial:
        named = partial.with_name(f"{partial.name}.bw")  # by its name the writer knows the kind of file
        try:
            # In the order of names in which the index of the file stands.
            listed = {name: chromosomes[name] for name in sorted(chromosomes)}
            with _disk_refusal_told(path):
                pybigtools.open(str(named), "w").write(listed, iter(told))
            if told.error is not None:
                raise told.error
            _check_whole(named, path, n_bases)
            named.replace(partial)
        finally:
            named.unlink(missing_ok=True)


def check_name(path: Path) -> None:
    """Refuse a name that is not that of a bigWig file."""
    if path.suffix not in (".bw", ".bigWig"):
        raise UserError("is no name of a bigWig file", where=path, fix=f"Call it {path.stem}.bw.")


class _Told:
    """Intervals on their way to the writer, which keeps to itself what goes wrong while they are made."""

    def __init__(self, intervals: Iterable[Interval]) -> None:
        self.intervals = intervals
        self.error: Exception | None = None

    def __iter__(self) -> Iterator[Interval]:
        try:
            yield from self.intervals
        except Exception as error:
            self.error = error


def n_covered(chrom: np.ndarray, start: Int[np.ndarray, " n"], length: int) -> int:
    """How many bases windows of `length` cover, each counted once."""
    order = np.lexsort((start, chrom.astype(str)))
    gap = np.diff(start[order])
    same = chrom[order][1:] == chrom[order][:-1]
    return int(length + np.where(same, np.minimum(gap, length), length).sum()) if len(start) else 0


def _base_by_base(
    chromosomes: Sequence[str], chrom: np.ndarray, start: np.ndarray, values: np.ndarray
) -> Iterator[Interval]:
    for name in chromosomes:
        for position, mean in _means(np.flatnonzero(chrom == name), start, values):
            for place, value in zip(position.tolist(), mean.tolist(), strict=True):
                yield name, place, place + 1, value


def _means(
    windows: Int64[np.ndarray, " w"], start: np.ndarray, values: np.ndarray
) -> Iterator[tuple[Int64[np.ndarray, " b"], Float64[np.ndarray, " b"]]]:
    """Positions that windows of one chromosome cover and the mean value there, in order, some windows at a time."""
    windows = windows[np.argsort(start[windows], kind="stable")]
    position, times = np.zeros((2, 0), np.int64)
    total: np.ndarray = np.zeros(0)
    for first in range(0, len(windows), WINDOWS):
        chosen = windows[first : first + WINDOWS]
        block = np.asarray(values[chosen], np.float64)
        covered = start[chosen][:, None] + np.arange(block.shape[1])
        position, place = np.unique(np.concatenate([position, covered.ravel()]), return_inverse=True)
        total = np.bincount(place, np.concatenate([total, block.ravel()]))
        times = np.bincount(place, np.concatenate([times, np.ones(block.size, np.int64)]))
        # What lies before the next window is final; the rest may be covered again.
        following = start[windows[first + WINDOWS : first + WINDOWS + 1]]
        n_final = int(np.searchsorted(position, following[0])) if len(following) else len(position)
        yield position[:n_final], total[:n_final] / times[:n_final]
        position, total, times = position[n_final:], total[n_final:], times[n_final:]


def _check_places(
    path: Path, chromosomes: Mapping[str, int], chrom: np.ndarray, start: np.ndarray, length: int
) -> None:
    for name in dict.fromkeys(chrom):
        if name not in chromosomes:
            alike = spelled_alike(name, chromosomes)
            raise UserError(
                f"{name} is no chromosome of the genome, which has {alike or some_names(chromosomes)}",
                where=path,
                fix=f"Name it {alike}." if alike else "Give the genome that the windows lie on.",
            )
    size = np.array([chromosomes[name] for name in chrom])
    outside = np.flatnonzero((start < 0) | (start + length > size))
    if len(outside):
        row = outside[0]
        raise UserError(
            f"{len(outside):,} of {len(chrom):,} windows leave their chromosome, the first is "
            f"{chrom[row]}:{start[row]}-{start[row] + length} (row {row:,}, counted from 0), and {chrom[row]} has "
            f"{size[row]:,} bp",
            where=path,
            fix="Give the genome that the windows lie on, or leave these windows out.",
        )


def _check_values(path: Path, chrom: np.ndarray, start: np.ndarray, values: np.ndarray) -> None:
    for first in range(0, len(values), WINDOWS):
        missing = np.flatnonzero(~np.isfinite(values[first : first + WINDOWS]).all(axis=1))
        if len(missing):
            row = first + missing[0]
            raise UserError(
                f"the window at {chrom[row]}:{start[row]} (row {row:,}, counted from 0) has values that are no numbers",
                where=path,
                fix="Leave windows that were not scored out.",
            )


def _check_whole(named: Path, path: Path, n_bases: int) -> None:
    """Read the head of what was written: the writer may print what went wrong and raise nothing."""
    with _disk_refusal_told(path):
        covered = pybigtools.open(str(named)).info()["summary"]["basesCovered"]
    if covered != n_bases:
        raise UserError(f"has {covered:,} bases where {n_bases:,} were written", where=path)


@contextmanager
def _disk_refusal_told(path: Path) -> Iterator[None]:
    """Pybigtools has several classes of errors, and a panic of Rust, as a full disk is to it, is no `Exception`."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise UserError("could not be written whole; is the disk full?", where=path) from error
        raise
