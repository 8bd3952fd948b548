"""The windows of a user's file, some rows at a time, and why a row has none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float, Int, Shaped, UInt8

from cislearn.data.entries import Entries
from cislearn.data.placing import cut_windows
from cislearn.data.strand_files import StrandFiles, check_most_places
from cislearn.data.track_files import TrackPaths, open_tracks, read_windows
from cislearn.errors import UserError
from cislearn.genome.chromosomes import map_chromosomes
from cislearn.genome.token_genome import Genome, open_genome
from cislearn.genome.windows import place_windows
from cislearn.prediction.predictor import Signals
from cislearn.progress import Progress
from cislearn.schema import DataSpec


class Windows(NamedTuple):
    """Windows of `n` rows of a file."""

    rows: Int[np.ndarray, " m"]
    """Which of these rows have a window."""
    tokens: UInt8[np.ndarray, "m length"]
    """Of those rows."""
    tracks: Signals
    """Of those rows, where the model reads some."""
    note: Shaped[np.ndarray, " n"]
    """Of each of the n rows, how its window was made if it is not as the file has it."""
    reason: Shaped[np.ndarray, " n"]
    """Of each, why it has no window; empty where it has."""
    places: pd.DataFrame | None = None
    """Where each window lies: chrom (as the genome has it), start, name, strand; None where sequences were given."""


ReadWindows = Callable[[slice], Windows]
"""From rows of the file to their windows."""


def windows_of(
    entries: Entries,
    genome: Path | str | None,
    spec: DataSpec,
    progress: Progress,
    tracks: Mapping[str, TrackPaths] | None = None,
) -> ReadWindows:
    """Return what makes the windows that a model of `spec` reads of the rows of a file.

    They are cut from its sequences, or else placed about its regions; `tracks` are the files of those that the model
    reads, for the cell to be predicted.

    Raises
    ------
    UserError
        Where there are regions and no genome, or one that has none of their chromosomes; where a track is missing, or
        has not the places of the rows.
    """
    signals = SignalFiles(spec, open_tracks(spec, tracks or {}, progress))
    if entries.sequences is not None:
        lacking = signals.check(entries.rows.assign(file=str(entries.path)), None)
        return partial(_cut, entries, signals, lacking)
    if genome is None:
        fix = "Give --genome with the FASTA file of that build."
        raise UserError("has regions without sequences, and there is no genome", where=entries.path, fix=fix)
    fasta = Path(genome).expanduser()
    progress(f"opening genome {fasta}")
    opened = open_genome(fasta, progress=partial(progress, f"indexing {fasta.name}, once"))
    # All names at once: rows of a contig that the genome lacks may fill the first part of a file.
    renamed, _ = map_chromosomes(entries.rows["chrom"].unique(), opened.chromosomes, where=entries.path)
    names = sorted(set(renamed.values()))
    lacking = signals.check(pd.DataFrame({"chrom": names, "end": 0}), opened.chromosomes)
    return partial(_place, entries, opened, renamed, signals, lacking)


@dataclass(frozen=True)
class SignalFiles:
    """The tracks that a model reads, as files; none for a model of sequence alone."""

    spec: DataSpec
    files: Sequence[StrandFiles]

    def check(self, loci: pd.DataFrame, chromosomes: Mapping[str, int] | None) -> dict[str, str]:
        """Refuse places that a file has not, and say why there is no window on others; see `check_most_places`."""
        return check_most_places(self.files, loci, chromosomes) if self.files else {}

    def read(self, loci: pd.DataFrame) -> Signals:
        """Return the tracks of windows: chrom, start, strand."""
        if not self.files:
            return None
        return read_windows(self.files, loci, length=self.spec.length, margin=0).astype(np.float32)


def _cut(entries: Entries, signals: SignalFiles, lacking: Mapping[str, str], part: slice) -> Windows:
    placed = cut_windows(entries.part(part), length=signals.spec.length, margin=0)
    assert placed.tokens is not None
    note, reason = placed.rows["note"].to_numpy(object), _reasons(placed.rows["chrom"], lacking)
    kept = np.flatnonzero(reason == "")
    return Windows(kept, placed.tokens[kept], signals.read(placed.rows.iloc[kept]), note, reason)


def _place(
    entries: Entries,
    genome: Genome,
    renamed: Mapping[str, str],
    signals: SignalFiles,
    lacking: Mapping[str, str],
    part: slice,
) -> Windows:
    length = signals.spec.length
    regions = entries.rows[part]
    n = len(regions)
    regions = regions.assign(chrom=_in_genome(regions["chrom"], renamed), entry=np.arange(n))
    kept, dropped = place_windows(
        regions, length=length, chromosomes=genome.chromosomes, where=entries.path, outside="drop"
    )
    note, reason = np.full(n, "", object), np.full(n, "", object)
    reason[dropped["entry"]], reason[kept["entry"]] = dropped["reason"], _reasons(kept["chrom"], lacking)
    kept = kept[(reason == "")[kept["entry"]]].reset_index(drop=True)
    note[kept["entry"]] = kept["note"]
    codes, names = pd.factorize(kept["chrom"])
    chrom = np.array([genome.code(name) for name in names], dtype=np.int64)[codes]
    minus = (kept["strand"] == "-").to_numpy(bool)
    tokens = genome.gather(chrom, kept["start"].to_numpy(), length, minus)
    places = kept[["chrom", "start", "name", "strand"]]
    return Windows(kept["entry"].to_numpy(), tokens, signals.read(kept), note, reason, places)


def _reasons(chrom: pd.Series, lacking: Mapping[str, str]) -> Shaped[np.ndarray, " n"]:
    """Why rows have no window, by their chromosome; empty where they have."""
    codes, names = pd.factorize(chrom)
    return np.array([lacking.get(name, "") for name in names], dtype=object)[codes]


def _in_genome(chrom: pd.Series, renamed: Mapping[str, str]) -> pd.Series:
    """Names as the genome has them; those that it lacks stay."""
    codes, names = pd.factorize(chrom)
    known = np.array([renamed.get(name, name) for name in names], dtype=object)
    return pd.Series(known[codes], index=chrom.index, dtype=str)


def at_rows(
    values: Float[np.ndarray, "m ..."], rows: Int[np.ndarray, " m"], n: int, empty: float = np.nan
) -> Float[np.ndarray, "n ..."]:
    """Return `values` at their `rows` of a table of `n`, `empty` elsewhere."""
    found = np.full((n, *values.shape[1:]), empty, dtype=values.dtype)
    found[rows] = values
    return found
