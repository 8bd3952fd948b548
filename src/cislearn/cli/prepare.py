"""``cislearn prepare``: the user's files to a dataset folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cislearn.cli.ways import Way, is_given, option, refuse_options_of_other_ways

if TYPE_CHECKING:
    from cislearn.data.dataset import Dataset

SHOWN_TASKS = 10
WAYS = {
    "compendium": Way(
        own=frozenset({"merge_overlap", "without_chromosomes", "add"}),
        shared=frozenset({"genome", "length", "margin", "drop_outside"}),
    ),
    "hdf5": Way(own=frozenset(), shared=frozenset()),
    "expression": Way(
        own=frozenset({"promoters", "regulators", "genes", "upstream", "series"}),
        shared=frozenset({"genome"}),
    ),
}
"""What a dataset can be made from beside files of single roles."""


def prepare(
    context: typer.Context,
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
    seed: Annotated[int, typer.Option(min=0, help="Of the negatives that are made.")] = 0,
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
    compendium: Annotated[
        Path | None,
        typer.Option(
            help="A table NAME<tab>FILE, or a folder, of the peaks of many cell types: each becomes a task, overlapping"
            " windows are merged, and every window is labelled for every task."
        ),
    ] = None,
    merge_overlap: Annotated[
        int | None, typer.Option(help="With --compendium: bp of overlap from which on windows are merged; 200.")
    ] = None,
    without_chromosomes: Annotated[
        str | None, typer.Option(help="With --compendium: chromosomes left out, with commas between (chrY).")
    ] = None,
    add: Annotated[
        Path | None, typer.Option(help="With --compendium: a compendium that the cell types are added to.")
    ] = None,
    hdf5: Annotated[
        Path | None, typer.Option(help="A file of Basset's, train_in to test_out, with the parts that it gives.")
    ] = None,
    expression: Annotated[
        Path | None,
        typer.Option(
            help="A table of genes by conditions, log ratios, empty where nothing was measured: each gene is a row,"
            " each condition a task."
        ),
    ] = None,
    regulators: Annotated[
        Path | None, typer.Option(help="With --expression: genes that are regulators, one a line.")
    ] = None,
    promoters: Annotated[
        Path | None, typer.Option(help="With --expression: GENE<tab>SEQUENCE, or FASTA. Or --genome with --genes.")
    ] = None,
    genes: Annotated[
        Path | None,
        typer.Option(help="With --expression and --genome: BED of genes or of their starts, with strands."),
    ] = None,
    upstream: Annotated[
        int | None, typer.Option(help="With --genes: bases before the start of a gene that are its promoter; 1000.")
    ] = None,
    series: Annotated[
        Path | None,
        typer.Option(
            help="With --expression: CONDITION<tab>SERIES, a time course or one comparison each; splits by series keep"
            " them together. Those of Gasch et al. 2000 are known."
        ),
    ] = None,
    genome: Annotated[list[str] | None, typer.Option(help="FASTA of all domains, or DOMAIN=FASTA for each.")] = None,
    track: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME:DOMAIN=FILE: a bigWig of a domain (DNase, ATAC, histones), read beside the sequence; or"
            " NAME:DOMAIN=PLUS,MINUS, a control of two strands."
        ),
    ] = None,
    track_rule: Annotated[
        list[str] | None,
        typer.Option(help="NAME=flip (coverage, the default) or flip_and_shift (cut sites): how a track is turned."),
    ] = None,
    rna: Annotated[bool, typer.Option("--rna", help="The windows are RNA: their second strand is never read.")] = False,
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
    length: Annotated[
        int | None, typer.Option(help="Window length in bp; by default that of the inputs, 600 for a compendium.")
    ] = None,
    margin: Annotated[int, typer.Option(help="Bases kept on either side, for shifts in training.")] = 0,
    task: Annotated[str, typer.Option(help="Name of the task that peaks and negatives are of.")] = "binding",
    labels: Annotated[str | None, typer.Option(help="Label columns of the tables, with commas between.")] = None,
    sequence_column: Annotated[str | None, typer.Option(help="Sequence column of the tables.")] = None,
    domain_column: Annotated[str | None, typer.Option(help="Domain column of the tables.")] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="TASK=binary, multiclass or regression, where it is not to be guessed.")
    ] = None,
    drop_outside: Annotated[
        bool,
        typer.Option(help="Leave out regions past the end of their chromosome, and most of a file on unknown ones."),
    ] = False,
    overwrite: Annotated[bool, typer.Option(help="Replace a dataset that is there.")] = False,
) -> None:
    """Make a dataset of peaks, FASTA or tables, of peaks of many cell types, of Basset's HDF5, or of expression."""
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
    from cislearn.data.basset_hdf5 import prepare_hdf5
    from cislearn.data.compendium import prepare_compendium
    from cislearn.data.expression import prepare_expression
    from cislearn.data.prepare import prepare as make
    from cislearn.errors import UserError

    refuse_options_of_other_ways(context, WAYS)
    outside: Literal["error", "drop"] = "drop" if drop_outside else "error"
    if compendium is not None:
        fasta = genome_argument(genome or [])
        if isinstance(fasta, dict):
            raise UserError("a compendium has one genome", where="--genome", fix="Give one FASTA file.")
        data = prepare_compendium(
            out,
            cells=existing(compendium, "--compendium"),
            genome=fasta,
            length=length,
            merge_overlap=merge_overlap,
            margin=margin,
            without=_names(without_chromosomes),
            outside=outside,
            add=add,
            overwrite=overwrite,
            progress=Steps(),
        )
        _show(data, out)
        return
    if hdf5 is not None:
        _show(prepare_hdf5(out, path=existing(hdf5, "--hdf5"), overwrite=overwrite, progress=Steps()), out)
        return
    if expression is not None:
        fasta = genome_argument(genome or [])
        if isinstance(fasta, dict):
            raise UserError("promoters are of one genome", where="--genome", fix="Give one FASTA file.")
        if regulators is None:
            raise UserError("needs the regulators", where="--expression", fix="Give --regulators with their names.")
        data = prepare_expression(
            out,
            expression=existing(expression, "--expression"),
            regulators=existing(regulators, "--regulators"),
            promoters=None if promoters is None else existing(promoters, "--promoters"),
            genome=fasta,
            genes=None if genes is None else existing(genes, "--genes"),
            upstream=upstream,
            series=None if series is None else existing(series, "--series"),
            overwrite=overwrite,
            progress=Steps(),
        )
        _show(data, out)
        return
    for name in ("profile_rule", "profile_length", "min_counts"):
        if is_given(context, name) and not profile:
            raise UserError("goes with --profile, which is not given", where=option(name))
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
        label_columns=_names(labels) or None,
        sequence_column=sequence_column,
        domain_column=domain_column,
        kinds=kinds_argument(kind or []),
        outside=outside,
        keep_overlapping=keep_overlapping,
        make_negatives=made,
        negatives_per_positive=negatives_per_positive,
        rna=rna,
        seed=seed,
        overwrite=overwrite,
        progress=Steps(),
    )
    _show(data, out)


def _names(listed: str | None) -> list[str]:
    return [name.strip() for name in listed.split(",")] if listed else []


def _show(data: Dataset, out: Path) -> None:
    from cislearn.cli.show import console
    from cislearn.data.describe import dropped_by_reason

    print_ = console().print
    print_(f"{len(data):,} windows of {data.spec.length} bp in {out}; domains: {', '.join(data.spec.domains)}")
    tasks = [f"{task.name} ({task.kind})" for task in data.spec.tasks]
    more = f" and {len(tasks) - SHOWN_TASKS:,} more" if len(tasks) > SHOWN_TASKS else ""
    print_(f"tasks: {', '.join(tasks[:SHOWN_TASKS])}{more}")
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
