"""``cislearn predict``: score sequences or regions with a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cislearn.cli.options import CellTracks, Device, Method
from cislearn.cli.ways import Way, refuse_options_of_other_ways

WAYS = {
    "tile": Way(
        own=frozenset({"step", "chromosome", "peaks", "shard", "merge"}),
        shared=frozenset({"genome", "track", "bigwig", "method", "reverse_complement", "device"}),
    ),
    "promoters": Way(own=frozenset({"conditions"}), shared=frozenset({"device"})),
}
"""What can be predicted beside the rows of a file."""


def predict(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="The folder of an experiment or of a run.")],
    source: Annotated[
        Path | None,
        typer.Option("--input", "--regions", "--fasta", "--table", help="BED, narrowPeak, FASTA, .seq or table."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The file to be: .tsv, .parquet or .bed.")] = None,
    promoters: Annotated[
        Path | None,
        typer.Option(help="Of a run of `express`: GENE<tab>SEQUENCE, or FASTA; with --conditions a matrix is written."),
    ] = None,
    conditions: Annotated[
        Path | None,
        typer.Option(help="With --promoters: genes by conditions, log ratios, with the regulators among the genes."),
    ] = None,
    genome: Annotated[Path | None, typer.Option(help="FASTA, for regions and for --tile.")] = None,
    tile: Annotated[
        bool, typer.Option("--tile", help="Score the whole --genome instead of a file, to SIGNAL.bw in --bigwig.")
    ] = False,
    step: Annotated[
        int | None,
        typer.Option(help="Bases that each window of --tile stands for; by default a tenth of it, or half a profile."),
    ] = None,
    chromosome: Annotated[list[str] | None, typer.Option(help="Of --tile: only this one; may be repeated.")] = None,
    peaks: Annotated[
        bool, typer.Option("--peaks", help="Of --tile: also the tiles called positive, joined, to TASK.narrowPeak.")
    ] = False,
    shard: Annotated[
        str | None, typer.Option(help="I/N, of --tile: score only the I-th of N shares, to be merged later.")
    ] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="Of --tile: make the files of the shards that are there.")
    ] = False,
    track: CellTracks = None,
    bigwig: Annotated[
        Path | None,
        typer.Option(
            help="A folder for predicted profiles of regions: TASK.plus.bw, TASK.minus.bw (TASK.bw without strands) and"
            " TASK.counts.tsv; or for what --tile makes."
        ),
    ] = None,
    calls: Annotated[
        Path | None, typer.Option(help="A BED file of the regions that are called, with score and probability.")
    ] = None,
    merge_calls: Annotated[bool, typer.Option("--merge-calls", help="Make one of calls that overlap.")] = False,
    prior: Annotated[
        list[str] | None,
        typer.Option(
            help="TASK=SHARE: tell in --calls also the probability at this share of positives, assuming a label shift."
        ),
    ] = None,
    method: Method = None,
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
    device: Device = "auto",
) -> None:
    """Score each row of a file: one row out for each row in, in order, also where it could not be scored.

    Or, with --tile, every place of a genome: broken off, the same command goes on where it stood.

    Probabilities are calibrated on the validation part of the sources; where the share of positives is another, or
    the domain, they may be off.
    """
    from cislearn.cli.arguments import files_by_track, priors_argument
    from cislearn.cli.predict_file import predict_file
    from cislearn.cli.predict_genome import predict_genome
    from cislearn.cli.predict_matrix import predict_matrix
    from cislearn.errors import UserError

    refuse_options_of_other_ways(context, WAYS)
    if promoters is not None:
        predict_matrix(run, promoters, conditions, out, device)
        return
    tracks, priors = files_by_track(track or []), priors_argument(prior or [])
    if tile:
        if out is not None:
            raise UserError("does not go with --tile", where="--out", fix="Give --bigwig a folder.")
        predict_genome(
            run,
            genome,
            bigwig,
            step=step,
            chromosomes=chromosome or [],
            tracks=tracks,
            peaks=peaks,
            shard=shard,
            merge=merge,
            method=method,
            reverse_complement=reverse_complement,
            device=device,
        )
    else:
        predict_file(
            run,
            source,
            out,
            genome=genome,
            tracks=tracks,
            bigwig=bigwig,
            calls=calls,
            merge_calls=merge_calls,
            priors=priors,
            strands=strands,
            method=method,
            reverse_complement=reverse_complement,
            device=device,
        )
