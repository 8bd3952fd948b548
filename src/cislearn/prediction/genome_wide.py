"""Whole genomes predicted tile by tile: a bigWig file a signal, and peaks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import nn

from cislearn.atomic import remove_left_behind
from cislearn.data.track_files import TrackPaths, open_tracks
from cislearn.errors import UserError
from cislearn.genome.bigwig_writer import Interval, write_intervals
from cislearn.genome.chromosomes import some_names
from cislearn.genome.tiling import Tiling
from cislearn.genome.token_genome import Genome
from cislearn.prediction.members import Members
from cislearn.prediction.peaks import Peak, join, runs, write_peaks
from cislearn.prediction.shards import FOLDER, Shard, find_shards, has_shards, read_pieces
from cislearn.prediction.tiles import Signal, TileScorer, default_step, signals_of
from cislearn.prediction.windows import SignalFiles
from cislearn.progress import Progress, silent
from cislearn.tables import write_table

TOO_SHORT = "too_short.tsv"


def open_tiles(
    members: Sequence[nn.Module],
    genome: Genome,
    *,
    step: int | None = None,
    chromosomes: Sequence[str] = (),
    tracks: Mapping[str, TrackPaths] | None = None,
    temperatures: Sequence[Mapping[str, float]] | None = None,
    thresholds: Mapping[str, float] | None = None,
    device: torch.device | str = "cpu",
    batch_size: int | None = None,
) -> TileScorer:
    """Return what scores the tiles of a genome.

    Parameters
    ----------
    members : list of nn.Module
        Models whose predictions are averaged (one a seed), of both strands where they read both.
    genome : Genome
        To be scored.
    step : int, optional
        Bases of a tile; by default `default_step`.
    chromosomes : list of str
        Which; by default all.
    tracks, temperatures, thresholds, device, batch_size
        As `predict_file` takes them.

    Raises
    ------
    UserError
        For a step or chromosome that there is not, a track that is missing, or where no chromosome has a window.
    """
    say = Members(members, device=device, batch_size=batch_size)
    for name in chromosomes:
        genome.code(name)
    wanted = {name: genome.chromosomes[name] for name in chromosomes} or genome.chromosomes
    step = default_step(say.spec) if step is None else step
    tiling = Tiling.of(wanted, say.spec.length, step)
    signals_of(say.spec, step)
    files = SignalFiles(say.spec, open_tracks(say.spec, tracks or {}))
    lacking = files.check(pd.DataFrame({"chrom": list(tiling.names), "end": 0}), genome.chromosomes)
    if lacking:
        others = " ".join(f"--chromosome {name}" for name in tiling.names if name not in lacking)
        raise UserError(next(iter(lacking.values())), where="--track", fix=f"Score the others alone: {others}.")
    return TileScorer(say, genome, tiling, files, temperatures or [{}] * len(members), thresholds or {})


def plan_of(scorer: TileScorer, models: str) -> dict[str, Any]:
    """Return all that the scores of tiles depend on, as plain values; `models` is `models_hash`."""
    tiling = scorer.tiling
    return {
        "models": models,
        "genome": scorer.genome.hash,
        "chromosomes": hashlib.blake2b("\n".join(tiling.names).encode(), digest_size=16).hexdigest(),
        "step": tiling.step,
        "thresholds": dict(scorer.thresholds),
        "tracks": {file.path.name: file.mean for track in scorer.tracks.files for file in track.files},
    }


def shard_of(scorer: TileScorer, folder: Path, number: int, of: int, plan: Mapping[str, Any]) -> Shard:
    """Return the shard `number` of `of`, which stands in ``folder/shards``, whether it is there or not."""
    return Shard(folder / FOLDER / f"{number}-of-{of}", number, of, plan, _n_pieces(scorer))


def refuse_other_files(folder: Path) -> None:
    """Refuse a folder that holds tracks or peaks and none of the shards that they were made of.

    Shards of other models are refused as such; what was made of those that are gone would stand beside new files as if
    it were of the same models.

    Raises
    ------
    UserError
        Names the files.
    """
    made = sorted(path.name for path in (*folder.glob("*.bw"), *folder.glob("*.narrowPeak")))
    if made and not has_shards(folder / FOLDER):
        problem = f"holds {some_names(made)}, and no shards that these were made of"
        raise UserError(problem, where=folder, fix="Give --bigwig another folder, or remove them.")


class Written(NamedTuple):
    """What was made of the tiles of a genome."""

    tracks: list[Path]
    """A bigWig file each signal."""
    peaks: dict[Path, int]
    """Files of peaks, and how many each has."""
    n_scored: int
    """Tiles with a value."""


def merge_tiles(
    scorer: TileScorer, folder: Path, plan: Mapping[str, Any], *, peaks: bool = False, progress: Progress = silent
) -> Written:
    """Make the files of a genome from its shards; nothing is scored.

    Parameters
    ----------
    scorer : TileScorer
        That scored them.
    folder : Path
        Has the shards in ``shards`` and gets ``SIGNAL.bw``, ``TASK.narrowPeak`` and, where chromosomes are shorter than
        a window, ``too_short.tsv``.
    plan : mapping
        What each shard must say that it was made of.
    peaks : bool
        Write the runs of tiles that are called positive.
    progress : Progress, optional
        Hears what is written.

    Raises
    ------
    UserError
        For what `find_shards` refuses, where no window of the genome is without an N, or the disk refuses.
    """
    tiling = scorer.tiling
    signals = signals_of(scorer.say.spec, tiling.step)
    shards = find_shards(folder / FOLDER, plan, _n_pieces(scorer))
    n_scored = sum(int(np.isfinite(values[:, 0]).sum()) for _, (values,) in read_pieces(shards, "value_0"))
    if not n_scored:
        raise UserError(f"has an N in each window of {tiling.length} bp: nothing is scored", where=scorer.genome.path)
    tracks = []
    for k, signal in enumerate(signals):
        tracks.append(folder / f"{signal.name}.bw")
        progress(f"writing {tracks[-1]}")
        remove_left_behind(folder, tracks[-1].name)
        intervals = _intervals(scorer, shards, k)
        write_intervals(tracks[-1], scorer.genome.chromosomes, intervals, n_scored * tiling.step)
    found = {}
    for task in scorer.thresholds if peaks else ():
        path = folder / f"{task}.narrowPeak"
        remove_left_behind(folder, path.name)
        found[path] = write_peaks(path, task, join(_runs(scorer, shards, signals, task)))
    if tiling.too_short:
        table = pd.DataFrame({"chrom": list(tiling.too_short), "length": list(tiling.too_short.values())})
        remove_left_behind(folder, TOO_SHORT)
        write_table(folder / TOO_SHORT, table.assign(reason=f"shorter than a window of {tiling.length} bp"))
    return Written(tracks, found, n_scored)


def _n_pieces(scorer: TileScorer) -> int:
    return -(-len(scorer.tiling) // scorer.tiles_at_once)


def _stretches(
    scorer: TileScorer, shards: Sequence[Shard], *names: str
) -> Iterator[tuple[str, np.ndarray, list[np.ndarray]]]:
    """Chromosome, first bases of the tiles and arrays of `names`, of one chromosome and piece at a time."""
    for piece, arrays in read_pieces(shards, *names):
        begin = piece * scorer.tiles_at_once
        for chrom, tiles, start in scorer.tiling.stretches(begin, begin + len(arrays[0])):
            yield chrom, start, [each[tiles] for each in arrays]


def _intervals(scorer: TileScorer, shards: Sequence[Shard], signal: int) -> Iterator[Interval]:
    for chrom, start, (values,) in _stretches(scorer, shards, f"value_{signal}"):
        scored = np.isfinite(values).all(axis=1)
        bases = scorer.tiling.step // values.shape[1]
        first = (start[scored, None] + bases * np.arange(values.shape[1])).ravel()
        for place, value in zip(first.tolist(), values[scored].ravel().tolist(), strict=True):
            yield chrom, place, place + bases, value


def _runs(scorer: TileScorer, shards: Sequence[Shard], signals: Sequence[Signal], task: str) -> Iterator[Peak]:
    (signal,) = (k for k, each in enumerate(signals) if each.task.name == task)
    for chrom, start, (values, called) in _stretches(scorer, shards, f"value_{signal}", f"call_{task}"):
        yield from runs(chrom, start, values[:, 0], called, scorer.tiling.step)
