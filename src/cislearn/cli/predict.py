"""``cislearn predict``: score sequences or regions with a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def predict(
    run: Annotated[Path, typer.Argument(help="The folder of an experiment or of a run.")],
    source: Annotated[
        Path,
        typer.Option("--input", "--regions", "--fasta", "--table", help="BED, narrowPeak, FASTA, .seq or table."),
    ],
    out: Annotated[Path, typer.Option(help="The file to be: .tsv, .parquet or .bed.")],
    genome: Annotated[Path | None, typer.Option(help="FASTA, for regions.")] = None,
    track: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=FILE, or NAME=PLUS,MINUS of two strands: the bigWig of the cell to be predicted, for each track"
            " that the model reads."
        ),
    ] = None,
    bigwig: Annotated[
        Path | None,
        typer.Option(
            help="A folder for predicted profiles of regions: TASK.plus.bw, TASK.minus.bw (TASK.bw without strands) and"
            " TASK.counts.tsv."
        ),
    ] = None,
    method: Annotated[
        str | None, typer.Option(help="Of an experiment: which; by default the last listed that saw no target label.")
    ] = None,
    reverse_complement: Annotated[
        str | None,
        typer.Option(
            help="forward, average, average_probabilities or maximum, however the run was trained; then without calls"
            " and calibration, which go with what it was configured to."
        ),
    ] = None,
    strands: Annotated[
        bool,
        typer.Option("--strands", help="Say how far both strands disagree also of a model that reads one; slower."),
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu or gpu.")] = "auto",
) -> None:
    """Score each row of a file: one row out for each row in, in order, also where it could not be scored.

    Probabilities are calibrated on the validation part of the sources; where the share of positives is another, or
    the domain, they may be off.
    """
    from contextlib import nullcontext
    from itertools import chain

    from cislearn.cli.arguments import existing, files_by_track
    from cislearn.cli.progress import Steps
    from cislearn.cli.show import console
    from cislearn.engine.devices import choose_device
    from cislearn.prediction.files import check_output, predict_pieces, write_predictions
    from cislearn.prediction.genome_profiles import profiles_on_genome
    from cislearn.prediction.loading import load_members, load_temperatures, load_thresholds
    from cislearn.runs import runs_under
    from cislearn.schema import DataSpec

    tracks = files_by_track(track or [])
    check_output(out, [source, genome, *chain.from_iterable(tracks.values())])
    members = load_members(run, method, reverse_complement)
    chosen = choose_device(device)  # type: ignore[arg-type]
    titles = {folder.info["method"] for folder in runs_under(run, method)}
    print_ = console().print
    print_(f"  method {', '.join(sorted(titles))}, {len(members)} seed(s) averaged; device: {chosen}")
    spec: DataSpec = members[0].spec  # type: ignore[assignment]
    with nullcontext() if bigwig is None else profiles_on_genome(bigwig, spec, genome) as profiles:
        pieces = predict_pieces(
            members,
            existing(source, "--input"),
            genome=genome,
            tracks=tracks,
            temperatures=load_temperatures(run, method, reverse_complement),
            thresholds=load_thresholds(run, method, reverse_complement),
            strands=strands,
            device=chosen.torch,
            profiles=profiles,
            progress=Steps(),
        )
        rows_by_reason = write_predictions(pieces, out, spec)
    print_(f"{rows_by_reason['']:,} of {rows_by_reason.total():,} rows scored -> {out}")
    if bigwig is not None:
        print_(f"profiles -> {bigwig}")
    del rows_by_reason[""]
    for reason, n in rows_by_reason.most_common(5):
        print_(f"  {n:,} not scored: {reason}")
