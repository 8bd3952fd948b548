"""``cislearn predict --tile``: a whole genome, in one go or in shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from cislearn.cli.arguments import share_argument
from cislearn.cli.loaded import load
from cislearn.cli.progress import Steps, resumable
from cislearn.cli.show import console
from cislearn.errors import UserError
from cislearn.genome.token_genome import open_genome
from cislearn.prediction.genome_wide import merge_tiles, open_tiles, plan_of, refuse_other_files, shard_of
from cislearn.prediction.loading import models_hash
from cislearn.prediction.shards import score_shard


def predict_genome(
    run: Path,
    genome: Path | None,
    folder: Path | None,
    *,
    step: int | None,
    chromosomes: Sequence[str],
    tracks: Mapping[str, Sequence[Path]],
    peaks: bool,
    shard: str | None,
    merge: bool,
    method: str | None,
    reverse_complement: str | None,
    device: str,
) -> None:
    """Score what is missing of a shard, merge shards, or, where neither is asked for, do both; tell what was made.

    Raises
    ------
    UserError
        Where options are missing or do not go together; for what `score_shard` and `merge_tiles` refuse.
    """
    if genome is None or folder is None:
        raise UserError("needs --genome and --bigwig", where="--tile")
    if shard is not None and (merge or peaks):
        option = "--merge" if merge else "--peaks"
        raise UserError("does not go with --shard", where=option, fix="Merge when all shards are there.")
    if not merge:
        refuse_other_files(folder)
    models = load(run, method, reverse_complement, device)
    if peaks and not models.thresholds:
        problem = "the models have no threshold from which a tile is called positive"
        raise UserError(problem, where="--peaks", fix="Leave it out.")
    progress = Steps()
    number, of = (1, 1) if shard is None else share_argument(shard, "--shard")
    opened = open_genome(genome, progress=partial(progress, f"indexing {genome.name}, once"))
    scorer = open_tiles(
        models.members,
        opened,
        step=step,
        chromosomes=chromosomes,
        tracks=tracks,
        temperatures=models.temperatures,
        thresholds=models.thresholds,
        device=models.device,
    )
    tiling, plan = scorer.tiling, plan_of(scorer, models_hash(run, method, reverse_complement))
    print_ = console().print
    print_(f"  {len(tiling):,} tiles of {tiling.step} bp on {len(tiling.names):,} chromosomes")
    if not merge:
        with resumable():
            mine = shard_of(scorer, folder, number, of, plan)
            score_shard(scorer, mine, progress)
    if shard is not None:
        print_(f"shard {mine.name} -> {mine.folder}")
        return
    made = merge_tiles(scorer, folder, plan, peaks=peaks, progress=progress)
    print_(f"{made.n_scored:,} of {len(tiling):,} tiles scored; the others have an N in their window")
    for path in made.tracks:
        print_(f"  {path}")
    for path, n in made.peaks.items():
        print_(f"  {path}: {n:,} peaks")
    if tiling.too_short:
        print_(f"  {len(tiling.too_short):,} chromosomes are shorter than a window: {folder / 'too_short.tsv'}")
