"""``cislearn variants``: what the alleles of a VCF file change in what a trained model predicts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def variants(
    run: Annotated[Path, typer.Argument(help="The folder of an experiment or of a run.")],
    genome: Annotated[Path, typer.Option(help="FASTA of the build that the variants were called on.")],
    out: Annotated[Path, typer.Option(help="The file to be: .tsv, .parquet, .vcf or .vcf.gz.")],
    vcf: Annotated[Path, typer.Option(help="The variants, plain, gzip or bgzip.")],
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
    seed: Annotated[int, typer.Option(help="Of the null.")] = 0,
    min_agreement: Annotated[
        float, typer.Option(help="Share of the records whose REF must be the genome's.", min=0, max=1)
    ] = 0.9,
    track: Annotated[
        list[str] | None,
        typer.Option(help="NAME=FILE: the bigWig of the cell to be predicted, for each track that the model reads."),
    ] = None,
    method: Annotated[
        str | None, typer.Option(help="Of an experiment: which; by default the last listed that saw no target label.")
    ] = None,
    reverse_complement: Annotated[
        str | None,
        typer.Option(
            help="forward, average, average_probabilities or maximum, however the run was trained; then without"
            " probabilities, which are calibrated for what it was configured to."
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or gpu.")] = "auto",
) -> None:
    """Score each allele of a VCF file: ALT minus REF, a row for each in order, also where it could not be scored.

    REF is held against the genome first, and a file of another build is refused.
    """
    from functools import partial
    from itertools import chain

    from cislearn.cli.arguments import existing, files_by_track
    from cislearn.cli.progress import Steps
    from cislearn.cli.show import console
    from cislearn.engine.devices import choose_device
    from cislearn.prediction.loading import load_members, load_temperatures
    from cislearn.variants.score import RECORDS, VariantScorer
    from cislearn.variants.vcf import read_header, read_records
    from cislearn.variants.writing import check_output, write_scored

    tracks = files_by_track(track or [])
    check_output(out, [vcf, genome, *chain.from_iterable(tracks.values())])
    header = read_header(existing(vcf, "--vcf"))
    chosen = choose_device(device)  # type: ignore[arg-type]
    scorer = VariantScorer(
        load_members(run, method, reverse_complement),
        existing(genome, "--genome"),
        temperatures=load_temperatures(run, method, reverse_complement),
        tracks=tracks,
        device=chosen.torch,
        progress=Steps(),
    )
    read = partial(read_records, vcf, RECORDS)
    pieces = scorer.pieces(read, vcf, null=null, n_null=n_null, seed=seed, least=min_agreement)
    alleles_by_reason = write_scored(pieces, out, header)
    print_, found = console().print, scorer.agreement
    print_(f"REF is the genome's in {found.matched:,} of {found.compared:,} records; device: {chosen}")
    print_(f"{alleles_by_reason['']:,} of {alleles_by_reason.total():,} alleles scored -> {out}")
    del alleles_by_reason[""]
    for reason, n in alleles_by_reason.most_common(5):
        print_(f"  {n:,} not scored: {reason}")
