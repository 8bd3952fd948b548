"""``cislearn prepare``: the user's files to a dataset folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def prepare(
    out: Annotated[Path, typer.Option(help="The dataset folder to be.")],
    peaks: Annotated[
        list[str] | None,
        typer.Option(
            "--peaks",
            "--positives",
            help="DOMAIN=FILE: bound regions (BED, narrowPeak, broadPeak) or sequences (FASTA).",
        ),
    ] = None,
    negatives: Annotated[
        list[str] | None,
        typer.Option(
            help="DOMAIN=FILE: unbound regions or sequences. Or how to make them where there are none: "
            "gc-matched (drawn from the genome), shuffled or dinucleotide-shuffled; DOMAIN=gc-matched for one domain."
        ),
    ] = None,
    negatives_per_positive: Annotated[float, typer.Option(help="How many negatives are made.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Of the negatives that are made.")] = 0,
    keep_overlapping: Annotated[
        bool, typer.Option(help="Keep given negatives that overlap a positive of their domain.")
    ] = False,
    unlabelled: Annotated[
        list[str] | None, typer.Option(help="DOMAIN=FILE: regions or sequences without labels.")
    ] = None,
    table: Annotated[
        list[str] | None,
        typer.Option(help="FILE or DOMAIN=FILE: TSV, CSV or Parquet with a sequence or locus and label columns."),
    ] = None,
    genome: Annotated[list[str] | None, typer.Option(help="FASTA of all domains, or DOMAIN=FASTA for each.")] = None,
    track: Annotated[
        list[str] | None,
        typer.Option(help="NAME:DOMAIN=FILE: a bigWig of a domain (DNase, ATAC, histones), read beside the sequence."),
    ] = None,
    track_rule: Annotated[
        list[str] | None,
        typer.Option(help="NAME=flip (coverage, the default) or flip_and_shift (cut sites): how a track is turned."),
    ] = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME:DOMAIN=FILE or NAME:DOMAIN=PLUS,MINUS: bigWigs of raw counts at single bases, to be predicted; "
            "again for each replicate."
        ),
    ] = None,
    profile_rule: Annotated[
        list[str] | None,
        typer.Option(help="NAME=flip (the default) or flip_and_shift (cut sites): how one of one file is turned."),
    ] = None,
    profile_length: Annotated[int, typer.Option(help="Bases of a profile, about the middle of the window.")] = 1000,
    min_counts: Annotated[int, typer.Option(help="Leave out windows whose profiles have fewer counts.")] = 0,
    length: Annotated[int | None, typer.Option(help="Window length in bp; by default that of the inputs.")] = None,
    margin: Annotated[int, typer.Option(help="Bases kept on either side, for shifts in training.")] = 0,
    task: Annotated[str, typer.Option(help="Name of the task that peaks and negatives are of.")] = "binding",
    labels: Annotated[str | None, typer.Option(help="Label columns of the tables, with commas between.")] = None,
    sequence_column: Annotated[str | None, typer.Option(help="Sequence column of the tables.")] = None,
    domain_column: Annotated[str | None, typer.Option(help="Domain column of the tables.")] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="TASK=binary, multiclass or regression, where it is not to be guessed.")
    ] = None,
    drop_outside: Annotated[bool, typer.Option(help="Leave out regions past the end of their chromosome.")] = False,
    overwrite: Annotated[bool, typer.Option(help="Replace a dataset that is there.")] = False,
) -> None:
    """Make a dataset of peaks and a genome, of FASTA files, or of tables."""
    from cislearn.cli.arguments import (
        existing,
        files_by_domain,
        genome_argument,
        kinds_argument,
        negatives_argument,
        profiles_argument,
        rules_argument,
        tracks_argument,
    )
    from cislearn.cli.progress import Steps
    from cislearn.cli.show import console
    from cislearn.data.describe import dropped_by_reason
    from cislearn.data.prepare import prepare as make
    from cislearn.errors import UserError

    by_domain = files_by_domain([t for t in table or [] if "=" in t and not Path(t).exists()], "--table")
    plain = [existing(Path(t), "--table") for t in table or [] if "=" not in t or Path(t).exists()]
    if by_domain and plain:
        raise UserError("either all tables are DOMAIN=FILE or none is", where="--table")
    given, made = negatives_argument(negatives or [])
    data = make(
        out,
        positives=files_by_domain(peaks or [], "--peaks"),
        negatives=given,
        unlabelled=files_by_domain(unlabelled or [], "--unlabelled"),
        tables=by_domain or plain,
        genome=genome_argument(genome or []),
        tracks=tracks_argument(track or []),
        track_rules=rules_argument(track_rule or []),
        profiles=profiles_argument(profile or []),
        profile_rules=rules_argument(profile_rule or [], "--profile-rule"),
        profile_length=profile_length,
        min_counts=min_counts,
        length=length,
        margin=margin,
        task=task,
        label_columns=[name.strip() for name in labels.split(",")] if labels else None,
        sequence_column=sequence_column,
        domain_column=domain_column,
        kinds=kinds_argument(kind or []),
        outside="drop" if drop_outside else "error",
        keep_overlapping=keep_overlapping,
        make_negatives=made,
        negatives_per_positive=negatives_per_positive,
        seed=seed,
        overwrite=overwrite,
        progress=Steps(),
    )
    print_ = console().print
    print_(f"{len(data):,} windows of {data.spec.length} bp in {out}; domains: {', '.join(data.spec.domains)}")
    if data.spec.tracks:
        print_(f"tracks: {', '.join(f'{each.name} ({each.rc})' for each in data.spec.tracks)}")
    if data.profiles is not None:
        told = ", ".join(f"{each.name} ({each.channels} x {each.profile_length} bp)" for each in data.spec.profiles)
        print_(f"profiles: {told}")
    for note in data.provenance.get("notes", []):
        print_(f"note: {note}")
    if len(data.dropped):
        reasons = ", ".join(f"{entry['reason']} ({entry['n']:,})" for entry in dropped_by_reason(data))
        print_(f"{len(data.dropped):,} rows were left out, each listed in {out / 'dropped.tsv'}: {reasons}")
    print_(f"next: cislearn inspect {out}")
