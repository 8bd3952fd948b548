"""Runs of tiles that are called positive, as peaks with their summits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int

from cislearn.atomic import file_written_whole


@dataclass(frozen=True)
class Peak:
    """A run of tiles.

    Parameters
    ----------
    chrom : str
        Chromosome.
    start, end : int
        0-based, half-open.
    height : float
        The greatest probability of its tiles.
    summit : int
        The middle base of the first tile that has it.
    """

    chrom: str
    start: int
    end: int
    height: float
    summit: int

    def joined(self, other: Peak) -> Peak:
        """Return this peak and the one that begins where it ends as one."""
        highest = other if other.height > self.height else self
        return replace(self, end=other.end, height=highest.height, summit=highest.summit)


def runs(
    chrom: str,
    start: Int[np.ndarray, " n"],
    probability: Float[np.ndarray, " n"],
    called: Bool[np.ndarray, " n"],
    step: int,
) -> Iterator[Peak]:
    """Yield the runs of tiles that are `called`, of tiles of `step` bases side by side on one chromosome."""
    edges = np.flatnonzero(np.diff(called.astype(np.int8), prepend=0, append=0))
    for first, end in edges.reshape(-1, 2).tolist():
        highest = first + int(np.argmax(probability[first:end]))
        summit = int(start[highest]) + step // 2
        yield Peak(chrom, int(start[first]), int(start[end - 1]) + step, float(probability[highest]), summit)


def join(peaks: Iterable[Peak]) -> Iterator[Peak]:
    """Join peaks, in order, of which one begins where the one before ends: a run that was cut in two."""
    held: Peak | None = None
    for peak in peaks:
        if held is not None and (held.chrom, held.end) == (peak.chrom, peak.start):
            held = held.joined(peak)
            continue
        if held is not None:
            yield held
        held = peak
    if held is not None:
        yield held


def write_peaks(path: Path, name: str, peaks: Iterable[Peak]) -> int:
    """Write narrowPeak (BED6+4), whole or not at all, and return how many there are.

    The score is 1000 times the height, signalValue the height, peak the summit counted from the start; p and q are not
    known (-1).
    """
    number = 0
    with file_written_whole(path) as partial, partial.open("w", encoding="utf-8") as out:
        for number, peak in enumerate(peaks, start=1):
            score, summit = round(1000 * peak.height), peak.summit - peak.start
            place = f"{peak.chrom}\t{peak.start}\t{peak.end}\t{name}_{number}"
            out.write(f"{place}\t{score}\t.\t{peak.height:.6g}\t-1\t-1\t{summit}\n")
    return number
