"""``cislearn variants``: what alleles of a file, or all of a region, change in what a trained model predicts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cislearn.cli.options import CellTracks, Device, Method
from cislearn.cli.ways import Way, refuse_options_of_other_ways
from cislearn.errors import UserError

EITHER = "run genome track method reverse_complement device"
WAYS = {"region": Way(own=frozenset({"overwrite"}), shared=frozenset(EITHER.split()))}


def variants(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="The folder of an experiment or of a run.")],
    genome: Annotated[Path, typer.Option(help="FASTA of the build that the variants were called on.")],
    out: Annotated[
        Path, typer.Option(help="The file to be: .tsv, .parquet, .vcf or .vcf.gz; with --region the folder to be.")
    ],
    vcf: Annotated[Path | None, typer.Option(help="The variants, plain, gzip or bgzip.")] = None,
    region: Annotated[
        str | None,
        typer.Option(help="In the place of a file: chr1:1000-1200, of which every base is changed to every other."),
    ] = None,
    null: Annotated[
        str,
        typer.Option(
            help="What p is told by: the file's own alleles between shuffled flanks, or between those of random places."
            " shuffled or places."
        ),
    ] = "shuffled",
    n_null: Annotated[int, typer.Option(help="Draws of the null, of substitutions and of indels; 0: no p.", min=0)] = (
        1000
    ),
    seed: Annotated[int, typer.Option(min=0, help="Of the null.")] = 0,
    min_agreement: Annotated[
        float, typer.Option(help="Share of the records whose REF must be the genome's.", min=0, max=1)
    ] = 0.9,
    track: CellTracks = None,
    method: Method = None,
    reverse_complement: Annotated[
        str | None,
        typer.Option(
            help="forward, average, average_probabilities or maximum, however the run was trained; then without"
            " probabilities, which are calibrated for what it was configured to."
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="With --region: replace the folder that is there.")] = False,
    device: Device = "auto",
) -> None:
    """Score each allele of a VCF file: ALT minus REF, a row for each in order, also where it could not be scored.

    REF is held against the genome first, and a file of another build is refused. With --region every substitution of a
    stretch of the genome is scored, into a table and a page with a map of them.
    """
    from functools import partial
    from itertools import chain

    from cislearn.cli.arguments import existing, files_by_track
    from cislearn.cli.progress import Steps
    from cislearn.cli.saturate import refuse_region, write_saturation
    from cislearn.cli.show import console
    from cislearn.engine.devices import choose_device
    from cislearn.variants.score import RECORDS, open_scorer
    from cislearn.variants.vcf import read_header, read_records
    from cislearn.variants.writing import check_output, write_scored

    refuse_options_of_other_ways(context, WAYS)
    tracks = files_by_track(track or [])
    if region is not None:
        refuse_region(region, out, overwrite)
    elif vcf is not None:
        check_output(out, [vcf, genome, *chain.from_iterable(tracks.values())])
        header = read_header(existing(vcf, "--vcf"))
    else:
        raise UserError("give --vcf FILE, or --region chr1:1000-1200", where="cislearn variants")
    chosen = choose_device(device)  # type: ignore[arg-type]
    fasta = existing(genome, "--genome")
    scorer = open_scorer(run, fasta, method, reverse_complement, tracks=tracks, device=chosen.torch, progress=Steps())
    if vcf is None:
        write_saturation(scorer, str(region), out, {"Run": str(run), "Device": str(chosen)}, overwrite)
        return
    read = partial(read_records, vcf, RECORDS)
    pieces = scorer.pieces(read, vcf, null=null, n_null=n_null, seed=seed, least=min_agreement)
    alleles_by_reason = write_scored(pieces, out, header)
    print_, found = console().print, scorer.agreement
    print_(f"REF is the genome's in {found.matched:,} of {found.compared:,} records; device: {chosen}")
    print_(f"{alleles_by_reason['']:,} of {alleles_by_reason.total():,} alleles scored -> {out}")
    del alleles_by_reason[""]
    for reason, n in alleles_by_reason.most_common(5):
        print_(f"  {n:,} not scored: {reason}")
