"""``cislearn predict``: score sequences or regions with a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cislearn.cli.ways import Way, refuse_options_of_other_ways

WAYS = {"promoters": Way(own=frozenset({"conditions"}), shared=frozenset({"run", "device"}))}
"""What can be predicted beside the rows of a file."""


def predict(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="The folder of an experiment or of a run.")],
    out: Annotated[Path, typer.Option(help="The file to be: .tsv, .parquet or .bed.")],
    source: Annotated[
        Path | None,
        typer.Option("--input", "--regions", "--fasta", "--table", help="BED, narrowPeak, FASTA, .seq or table."),
    ] = None,
    promoters: Annotated[
        Path | None,
        typer.Option(help="Of a run of `express`: GENE<tab>SEQUENCE, or FASTA; with --conditions a matrix is written."),
    ] = None,
    conditions: Annotated[
        Path | None,
        typer.Option(help="With --promoters: genes by conditions, log ratios, with the regulators among the genes."),
    ] = None,
    genome: Annotated[Path | None, typer.Option(help="FASTA, for regions.")] = None,
    track: Annotated[
        list[str] | None,
        typer.Option(help="NAME=FILE: the bigWig of the cell to be predicted, for each track that the model reads."),
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

    from cislearn.errors import UserError

    refuse_options_of_other_ways(context, WAYS)
    if promoters is not None:
        _predict_matrix(run, promoters, conditions, out, device)
        return
    if source is None:
        raise UserError("nothing to predict", where="cislearn predict", fix="Give --input, a file with a row a window.")
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
    check_output(out, [source, genome, *tracks.values()])
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


def _predict_matrix(run: Path, promoters: Path, conditions: Path | None, out: Path, device: str) -> None:
    from cislearn.cli.arguments import existing
    from cislearn.cli.show import console
    from cislearn.engine.devices import choose_device
    from cislearn.errors import UserError
    from cislearn.experiment.expression import predict_new
    from cislearn.tables import write_table

    if conditions is None:
        raise UserError("needs the conditions", where="--promoters", fix="Give --conditions, a table of log ratios.")
    chosen = choose_device(device)  # type: ignore[arg-type]
    table, wanted = predict_new(
        run, existing(promoters, "--promoters"), existing(conditions, "--conditions"), chosen.torch
    )
    write_table(out, table)
    print_ = console().print
    for note in wanted.notes:
        print_(f"  {note}")
    print_(f"{len(wanted.genes):,} genes in {len(wanted.conditions):,} conditions -> {out}")
