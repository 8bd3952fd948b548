"""The windows of a user's file, for motifs: those of its rows that have one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cislearn.data.readers import read_examples
from cislearn.data.track_files import TrackPaths
from cislearn.errors import UserError
from cislearn.explain.windows import Windows, windows_in_memory
from cislearn.prediction.windows import windows_of
from cislearn.progress import Progress, silent
from cislearn.schema import DataSpec


def given_windows(
    path: Path,
    spec: DataSpec,
    *,
    genome: Path | str | None = None,
    tracks: Mapping[str, TrackPaths] | None = None,
    progress: Progress = silent,
) -> Windows:
    """Return the windows of a FASTA, BED, narrowPeak, DeepBind or table file, without labels.

    Parameters
    ----------
    path : Path
        The file.
    spec : DataSpec
        Of the model that reads them.
    genome, tracks
        As for predictions: FASTA, for regions; the bigWig file of each track.
    progress : Progress, optional
        Hears how far it is.

    Raises
    ------
    UserError
        Where the file cannot be read, lacks a genome or a track, or no row has a window.
    """
    progress(f"reading {path}")
    entries = read_examples(path)
    found = windows_of(entries, genome, spec, progress, tracks)(slice(0, len(entries)))
    if len(found.tokens) == 0:
        raise UserError("no row has a window", where=path, fix="Check chromosomes and coordinates.")
    return windows_in_memory(found.tokens, found.tracks)
