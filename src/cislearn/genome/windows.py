"""Windows of one length about regions; what does not fit is listed with its reason, never lost."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int64, Shaped

from cislearn.errors import UserError
from cislearn.genome.chromosomes import some_names

OUTSIDE = "past the end of {chrom} ({length:,} bp)"
UNKNOWN = "unknown chromosome {chrom}"
LEAVES = "window would leave the chromosome"


class PlacedWindows(NamedTuple):
    """Windows and the regions that have none; together they are all regions, each in the order given.

    Parameters
    ----------
    kept : DataFrame
        The columns of the regions, with `start` and `end` those of the window, and region_start, region_end, note.
    dropped : DataFrame
        The columns of the regions, and reason.
    """

    kept: pd.DataFrame
    dropped: pd.DataFrame


def place_windows(
    intervals: pd.DataFrame,
    *,
    length: int,
    chromosomes: Mapping[str, int],
    where: str | Path = "",
    outside: Literal["error", "drop"] = "error",
    genome: str = "the genome",
) -> PlacedWindows:
    """Place a window about the summit or else the centre of each region.

    A window is ``[centre - length // 2, centre - length // 2 + length)``, where the centre is the summit or, without
    one, ``(start + end) // 2``; so 101 bp about ``mid`` are ``[mid - 50, mid + 51)``.

    Parameters
    ----------
    intervals : DataFrame
        Regions as `cislearn.genome.intervals.read_intervals` gives them: 0-based, half-open.
    length : int
        Bases of each window.
    chromosomes : mapping of str to int
        Names and lengths (bp) of the genome.
    where : str or Path
        The file of the regions, for messages.
    outside : {"error", "drop"}
        What is done where a region itself ends past its chromosome, or most regions lie on chromosomes that the genome
        lacks: signs of another build. A region within the chromosome whose window sticks out is always dropped.
    genome : str
        Name of the genome, for messages.

    Raises
    ------
    UserError
        Where `outside` is ``"error"`` and a region ends past its chromosome or most are on none of the genome's.
    """
    if length < 1:
        raise ValueError(f"windows have one base or more, not {length}")
    reason = off_genome(intervals, chromosomes=chromosomes, where=where, outside=outside, genome=genome)
    start, size = _window_start(intervals, length), _sizes(intervals, chromosomes)
    reason[(reason == "") & ((start < 0) | (start + length > size))] = LEAVES
    is_kept = reason == ""
    dropped = intervals[~is_kept].assign(reason=reason[~is_kept].astype(str)).reset_index(drop=True)
    return PlacedWindows(_windows(intervals[is_kept], start[is_kept], length), dropped)


def off_genome(
    intervals: pd.DataFrame,
    *,
    chromosomes: Mapping[str, int],
    where: str | Path = "",
    outside: Literal["error", "drop"] = "error",
    genome: str = "the genome",
) -> Shaped[np.ndarray, " n"]:
    """Why each region does not lie on the genome, empty where it does; parameters and error are `place_windows`'s."""
    size = _sizes(intervals, chromosomes)
    is_unknown = size < 0
    if outside == "error" and 2 * is_unknown.sum() > len(intervals):
        raise _other_chromosomes(intervals, is_unknown, chromosomes, where)
    is_outside = ~is_unknown & (intervals["end"].to_numpy() > size)
    if outside == "error" and is_outside.any():
        raise _another_build(intervals, is_outside, size, where, genome)
    reason = np.full(len(intervals), "", dtype=object)
    chrom = intervals["chrom"].to_numpy(dtype=object)
    for text, rows in ((UNKNOWN, is_unknown), (OUTSIDE, is_outside)):
        reason[rows] = [text.format(chrom=c, length=bp) for c, bp in zip(chrom[rows], size[rows], strict=True)]
    return reason


def _sizes(intervals: pd.DataFrame, chromosomes: Mapping[str, int]) -> Int64[np.ndarray, " n"]:
    """Bases of each region's chromosome, -1 where the genome has none of its name."""
    return intervals["chrom"].map(dict(chromosomes)).fillna(-1).to_numpy(dtype=np.int64)


def _window_start(intervals: pd.DataFrame, length: int) -> Int64[np.ndarray, " n"]:
    start, end, summit = (intervals[column].to_numpy(np.int64) for column in ("start", "end", "summit"))
    middle = (start + end) // 2
    return np.where(summit >= 0, summit, middle) - length // 2


def _windows(regions: pd.DataFrame, start: Int64[np.ndarray, " n"], length: int) -> pd.DataFrame:
    codes, widths = pd.factorize(regions["end"] - regions["start"])
    notes = np.array([f"resized from {bp:,} bp" if bp != length else "" for bp in widths], dtype=object)
    placed = regions.assign(
        start=start,
        end=start + length,
        region_start=regions["start"],
        region_end=regions["end"],
        note=pd.Series(notes[codes], index=regions.index, dtype=str),
    )
    return placed.reset_index(drop=True)


def _other_chromosomes(
    intervals: pd.DataFrame, is_unknown: Bool[np.ndarray, " n"], chromosomes: Mapping[str, int], where: str | Path
) -> UserError:
    return UserError(
        f"{is_unknown.sum():,} of {len(intervals):,} regions lie on chromosomes that the genome lacks: the file has "
        f"{some_names(intervals['chrom'][is_unknown].unique())}; the genome has {some_names(chromosomes)}",
        where=where or None,
        fix="Give the genome that the regions were made on, or rename the chromosomes of one of the two. "
        "--drop-outside leaves them out (they will be listed in dropped.tsv).",
    )


def _another_build(
    intervals: pd.DataFrame,
    is_outside: Bool[np.ndarray, " n"],
    size: Int64[np.ndarray, " n"],
    where: str | Path,
    genome: str,
) -> UserError:
    row = int(np.flatnonzero(is_outside)[0])
    first = intervals.iloc[row]
    return UserError(
        f"end {first['end']:,} is past the end of {first['chrom']} ({size[row]:,} bp in {genome})",
        where=where or None,
        line=int(first["line"]),
        fix=f"the file looks like another build: {is_outside.sum():,} of {len(intervals):,} regions fall outside. "
        "Give the genome that matches, or --drop-outside to leave them out (they will be listed in dropped.tsv).",
    )
