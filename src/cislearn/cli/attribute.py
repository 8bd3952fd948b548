"""``cislearn attribute``: what in a window a trained model rests on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cislearn.cli.options import Device, Method
from cislearn.cli.ways import Way, refuse_options_of_other_ways

EITHER = "run task by of references n_references steps seed method reverse_complement logos device"
WAYS = {"data": Way(own=frozenset({"part", "domain", "most"}), shared=frozenset(EITHER.split()))}


def attribute(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="The folder of an experiment or of a run.")],
    task: Annotated[str, typer.Option(help="Which task is attributed; there is no default.")],
    out: Annotated[Path, typer.Option(help="The folder to be: arrays (N, 4, L), a table of the rows, logos.")],
    input: Annotated[
        Path | None,
        typer.Option("--input", "--regions", "--fasta", "--table", help="BED, narrowPeak, FASTA, .seq or table."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="In the place of a file: the dataset that the run was trained on.")
    ] = None,
    part: Annotated[str, typer.Option(help="With --data: test or valid, as the run dealt them.")] = "test",
    domain: Annotated[str | None, typer.Option(help="With --data: only rows of this domain.")] = None,
    most: Annotated[
        int | None, typer.Option(min=1, help="With --data: so many rows at most, evenly spread over the part.")
    ] = None,
    genome: Annotated[Path | None, typer.Option(help="FASTA, for regions; then also a bigWig file.")] = None,
    track: Annotated[
        list[str] | None, typer.Option(help="NAME=FILE: the bigWig of each track that the model reads; held fixed.")
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            help="gradient_x_input, saliency, integrated_gradients, deep_lift (needs tangermeme), occlusion or"
            " mutagenesis."
        ),
    ] = "gradient_x_input",
    of: Annotated[
        str | None,
        typer.Option(help="What of the task: the number of a class from 0; counts or shape of a profile."),
    ] = None,
    references: Annotated[
        str | None,
        typer.Option(help="What windows are held against: shuffled (dinucleotides kept) or uniform (a quarter each)."),
    ] = None,
    n_references: Annotated[int | None, typer.Option(help="Shuffles of each window; 20.")] = None,
    steps: Annotated[int | None, typer.Option(help="Of integrated gradients; 32.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the shuffles.")] = 0,
    method: Method = None,
    reverse_complement: Annotated[
        str | None, typer.Option(help="forward or average (or, by predictions alone, any other), however trained.")
    ] = None,
    logos: Annotated[int, typer.Option(min=0, help="Windows drawn, those of the highest outputs.")] = 12,
    overwrite: Annotated[bool, typer.Option(help="Replace attributions that are there.")] = False,
    device: Device = "auto",
) -> None:
    """Say what each base is worth, one row out for each row in, for tfmodisco-lite, genome browsers and the eye.

    Several seeds are averaged, and their spread is written. Rows that cannot be attributed are zero, with the reason.
    """
    from cislearn import api
    from cislearn.cli.arguments import existing, files_by_track
    from cislearn.cli.progress import Steps
    from cislearn.cli.show import console
    from cislearn.engine.devices import choose_device

    refuse_options_of_other_ways(context, WAYS)
    found = api.attribute(
        run,
        task,
        input=None if input is None else existing(input, "--input"),
        data=data,
        part=part,
        domain=domain,
        most=most,
        genome=genome,
        tracks=files_by_track(track or []),
        by=by,
        of=of,
        references=references,
        n_references=n_references,
        steps=steps,
        seed=seed,
        method=method,
        reverse_complement=reverse_complement,
        out=out,
        logos=logos,
        overwrite=overwrite,
        device=str(choose_device(device).torch),  # type: ignore[arg-type]
        progress=Steps(),
    )
    print_ = console().print
    print_(f"{found.is_attributed.sum():,} of {len(found.rows):,} rows attributed -> {out}")
    if "missed" in found.rows:
        worst, whole = found.rows["missed"].max(), found.rows["difference"].abs().mean()
        print_(f"  sums miss the differences to the references, {whole:.2g} on average, by {worst:.2g} at most")
    reasons = found.rows.loc[~found.is_attributed, "not_attributed"].value_counts()
    for reason, n in reasons.head(5).items():
        print_(f"  {n:,} not attributed: {reason}")
    print_(f"logos: {out / 'attributions.html'}")
