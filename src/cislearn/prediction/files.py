"""Users' files to tables of predictions: a row for each row of the file, scored or with the reason why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

from cislearn.atomic import remove_left_behind
from cislearn.data.readers import read_examples
from cislearn.data.track_files import TrackPaths
from cislearn.errors import UserError
from cislearn.prediction.bed import bed_written_whole
from cislearn.prediction.columns import task_columns
from cislearn.prediction.genome_profiles import HearProfiles
from cislearn.prediction.members import Members
from cislearn.prediction.windows import Windows, at_rows, windows_of
from cislearn.progress import Progress, silent
from cislearn.schema import DataSpec
from cislearn.sequence.tokens import N
from cislearn.tables import table_written_whole

ROWS, BASES = 1 << 14, 1 << 24
"""Rows of a piece of the table, and bases of its windows, at most."""
TOLD = ("name", "chrom", "start", "end", "strand")
EXTENSIONS = (".tsv", ".txt", ".parquet", ".bed")
ONLY_N = "no base of the window is known: it is N only"
NO_NUMBER = "the model gives no number (NaN)"


def predict_file(
    members: Sequence[nn.Module],
    path: Path | str,
    *,
    genome: Path | str | None = None,
    tracks: Mapping[str, TrackPaths] | None = None,
    temperatures: Sequence[Mapping[str, float]] | None = None,
    thresholds: Mapping[str, float] | None = None,
    strands: bool = False,
    device: torch.device | str = "cpu",
    batch_size: int | None = None,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Score each row of a FASTA, BED, narrowPeak, DeepBind or table file.

    Regions are read from `genome` as windows about their summits or centres, those on the minus strand as its reverse
    complement; sequences of other lengths are cropped about the centre or padded with N. Each such change stands in
    ``note``.

    Parameters
    ----------
    members : list of nn.Module
        Models whose predictions are averaged (one a seed).
    path : Path
        The file; its format shows in its content.
    genome : Path, optional
        FASTA; needed for regions.
    tracks : mapping of str to Path or pair of Path, optional
        The bigWig file of each track that the models read, or those of its strands, of the cell to be predicted.
    temperatures : list of mapping, optional
        Of each member by task (`load_temperatures`): what its logits are divided by to be calibrated; 1 where absent.
    thresholds : mapping of str to float, optional
        Of the members' mean, by task (`load_thresholds`): the logit from which a row is called positive.
    strands : bool
        Tell how far the two strands disagree also where the members read one strand only, which takes twice the time.
        Of members that join both strands it is always told.
    device, batch_size
        Where, and how many windows at once (by default what suits the device).
    progress : Progress, optional
        Hears how far it is.

    Returns
    -------
    DataFrame
        name, chrom, start, end, strand as in the file; the columns of `task_columns`, for a binary task
        ``probability_<task>`` (calibrated), ``logit_<task>``, ``call_<task>`` where there is a threshold,
        ``sd_<task>`` with several members, and ``strands_<task>``; ``note`` and ``not_scored``, the reason, empty for
        scored rows.

    Raises
    ------
    UserError
        Where the file cannot be read at all, has regions and no genome is given, or lacks a track of the models.
    """
    pieces = predict_pieces(
        members,
        path,
        genome=genome,
        tracks=tracks,
        temperatures=temperatures,
        thresholds=thresholds,
        strands=strands,
        device=device,
        batch_size=batch_size,
        progress=progress,
    )
    return pd.concat(pieces, ignore_index=True)


def predict_pieces(
    members: Sequence[nn.Module],
    path: Path | str,
    *,
    genome: Path | str | None = None,
    tracks: Mapping[str, TrackPaths] | None = None,
    temperatures: Sequence[Mapping[str, float]] | None = None,
    thresholds: Mapping[str, float] | None = None,
    strands: bool = False,
    device: torch.device | str = "cpu",
    batch_size: int | None = None,
    profiles: HearProfiles | None = None,
    progress: Progress = silent,
) -> Iterator[pd.DataFrame]:
    """Yield the table of `predict_file` some thousand rows at a time, so that its memory does not grow with the file.

    `profiles` hears of the logits of each piece (`profiles_on_genome`), since shapes do not go into a table.

    What grows is the file itself as it is read, whole and before the first window is scored, so that a wrong line is
    told at once: at most 300 bytes a region, or one a base.
    """
    progress(f"reading {path}")
    entries = read_examples(Path(path))
    say = Members(members, gaps=strands, device=device, batch_size=batch_size)
    read = windows_of(entries, genome, say.spec, progress, tracks)
    chosen = temperatures or [{}] * len(members)
    n, step = len(entries), max(1, min(ROWS, BASES // say.spec.length))
    for part in (slice(first, min(first + step, n)) for first in range(0, n, step)):
        yield _piece(entries.rows[part][list(TOLD)], read(part), say, chosen, thresholds or {}, profiles)
        progress("scoring windows", part.stop, n)


def _piece(
    told: pd.DataFrame,
    windows: Windows,
    say: Members,
    temperatures: Sequence[Mapping[str, float]],
    thresholds: Mapping[str, float],
    profiles: HearProfiles | None,
) -> pd.DataFrame:
    """Table of some rows: what the file told of them, scores, remarks."""
    logits, gaps = say(windows.tokens, windows.tracks)
    unknown = (windows.tokens == N).all(axis=1)
    logits[unknown] = np.nan
    if profiles is not None:
        profiles(windows.places, logits.mean(axis=1))
    reason = windows.reason
    reason[windows.rows[np.isnan(logits).any(axis=(1, 2))]] = NO_NUMBER
    reason[windows.rows[unknown]] = ONLY_N
    if gaps is not None:
        gaps[unknown] = np.nan
        gaps = at_rows(gaps, windows.rows, len(told))
    logits = at_rows(logits, windows.rows, len(told))
    scores = [
        task_columns(
            task,
            logits[:, :, say.spec.columns(task.name)],
            None if gaps is None else gaps[:, say.spec.columns(task.name)],
            np.array([each.get(task.name, 1.0) for each in temperatures]),
            thresholds.get(task.name, np.nan),
        ).set_axis(told.index)
        for task in say.spec.tasks
    ]
    remarks = pd.DataFrame({"note": windows.note, "not_scored": reason}, index=told.index, dtype=str)
    return pd.concat([told, *scores, remarks], axis=1)


def check_output(path: Path, inputs: Sequence[Path | None]) -> None:
    """Refuse a name that predictions cannot have, before anything is scored.

    Raises
    ------
    UserError
        For an extension that is not known, or where `path` is one of the `inputs`.
    """
    if path.suffix not in EXTENSIONS:
        raise UserError(f"extension {path.suffix!r} is not known", where=path, fix="Name it .tsv, .parquet or .bed.")
    refuse_replacing(path, inputs, "--out")


def refuse_replacing(path: Path, others: Sequence[Path | None], option: str) -> None:
    """Refuse a file to be that is one of the `others`: inputs, or what else is written.

    Raises
    ------
    UserError
        Names the file and the option that gave it.
    """
    if any(other is not None and other.resolve() == path.resolve() for other in others):
        problem = "is an input or another file to be written, and would be replaced"
        raise UserError(problem, where=path, fix=f"Give {option} another name.")


def write_predictions(pieces: Iterable[pd.DataFrame], path: Path, spec: DataSpec) -> Counter[str]:
    """Write predictions as TSV, Parquet (``.parquet``) or BED (``.bed``), whole or not at all.

    BED has the region, its name, the probability of the one task times 1000 as score and the strand, then probability
    and reason; rows without coordinates cannot be written so.

    Parameters
    ----------
    pieces : iterable of DataFrame
        The table as `predict_pieces` gives it; each piece is written before the next one is asked for.
    path : Path
        Its extension says the format.
    spec : DataSpec
        Of the models.

    Returns
    -------
    Counter
        How many rows have each reason for which they were not scored; those of the empty one were.

    Raises
    ------
    UserError
        For BED where rows have no coordinates or the first task is not binary; for another extension.
    """
    check_output(path, [])
    remove_left_behind(path.parent, path.name)
    reasons: Counter[str] = Counter()
    with bed_written_whole(path, spec) if path.suffix == ".bed" else table_written_whole(path) as write:
        for piece in pieces:
            write(piece)
            reasons.update({str(reason): int(n) for reason, n in piece["not_scored"].value_counts().items()})
    return reasons
