"""``cislearn features``: windows in a plane, by what a stage of a trained model makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cislearn.cli.options import (
    Device,
    HeldOutDomain,
    HeldOutPart,
    Method,
    MovedData,
    OtherGenome,
    OtherTracks,
    OtherWindows,
    Replace,
)
from cislearn.cli.ways import Way, refuse_options_of_other_ways

EITHER = "run stage pool layout method most seed device"
WAYS = {"input": Way(own=frozenset({"genome", "track"}), shared=frozenset(EITHER.split()))}


def features(
    context: typer.Context,
    run: Annotated[
        Path, typer.Argument(help="The folder of an experiment, of which the first seed is taken, or of a run.")
    ],
    out: Annotated[Path, typer.Option(help="The folder to be: a table, all features, a page of pictures.")],
    stage: Annotated[
        str | None, typer.Option(help="Whose output; by default what the head reads. A wrong name lists them.")
    ] = None,
    pool: Annotated[str, typer.Option(help="Over the positions that the stage leaves: mean or max.")] = "mean",
    layout: Annotated[str, typer.Option(help="tsne (neighbours stay neighbours) or pca.")] = "tsne",
    task: Annotated[
        str | None, typer.Option(help="By whose labels windows are drawn and coloured; by default the first.")
    ] = None,
    input: OtherWindows = None,
    genome: OtherGenome = None,
    track: OtherTracks = None,
    data: MovedData = None,
    part: HeldOutPart = "test",
    domain: HeldOutDomain = None,
    most: Annotated[int, typer.Option(min=1, help="Windows at most, as many of each domain and class.")] = 2000,
    method: Method = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the draw and of the layout.")] = 0,
    overwrite: Replace = False,
    device: Device = "auto",
) -> None:
    """Lay windows out by the features of a stage, coloured by label, domain and GC.

    They are windows that the run has held out. Of a model that reads both strands features are the mean of both.
    """
    from cislearn.cli.arguments import existing, files_by_track, one_of
    from cislearn.cli.progress import Steps
    from cislearn.cli.show import console
    from cislearn.engine.devices import choose_device
    from cislearn.evaluation.plane import LAYOUTS
    from cislearn.experiment.features import lay_out_features
    from cislearn.explain.stage_features import POOLS

    refuse_options_of_other_ways(context, WAYS)
    table = lay_out_features(
        run,
        out,
        stage=stage,
        pool=one_of(pool, POOLS, "--pool"),  # type: ignore[arg-type]
        layout=one_of(layout, LAYOUTS, "--layout"),  # type: ignore[arg-type]
        task=task,
        method=method,
        source=None if input is None else existing(input, "--input"),
        genome=genome,
        tracks=files_by_track(track or []),
        data=data,
        part=one_of(part, ("test", "valid"), "--part"),  # type: ignore[arg-type]
        domain=domain,
        most=most,
        seed=seed,
        device=choose_device(device).torch,  # type: ignore[arg-type]
        overwrite=overwrite,
        progress=Steps(),
    )
    console().print(f"{len(table):,} windows -> {out}, pictures of them: {out / 'features.html'}")
