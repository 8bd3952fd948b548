"""``cislearn knock-out``: what a run of `express` predicts to change without a regulator, or without its sites."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cislearn.cli.options import Device


def knock_out(
    run: Annotated[Path, typer.Argument(help="A run of `cislearn express`.")],
    data: Annotated[Path, typer.Argument(help="The dataset that it was trained on.")],
    out: Annotated[Path, typer.Option(help="The table to be: .tsv or .parquet.")],
    regulator: Annotated[
        list[str] | None, typer.Option(help="A regulator by its name; several are knocked out together.")
    ] = None,
    motif: Annotated[
        list[str] | None,
        typer.Option(help="What is masked on both strands: a word of IUPAC letters (AGGGG), or a MEME file."),
    ] = None,
    level: Annotated[
        list[float] | None,
        typer.Option(help="Log2 ratio of the regulators; several one after the other. By default 0 and -5."),
    ] = None,
    device: Device = "auto",
) -> None:
    """Write the predicted change (log2) of every gene in every condition without regulators, their sites, or both.

    With both, three kinds of rows are written: the sites masked, the regulators set to each level, and both at once.
    """
    from cislearn.cli.arguments import existing
    from cislearn.cli.show import console
    from cislearn.engine.devices import choose_device
    from cislearn.experiment.knock_out import knock_out as write_changes
    from cislearn.explain.expression.knock_out import LEVELS
    from cislearn.tables import check_table_name

    check_table_name(out)
    chosen = choose_device(device)  # type: ignore[arg-type]
    notes = write_changes(
        existing(run, "RUN"),
        existing(data, "DATA"),
        out,
        regulators=regulator or [],
        motifs=motif or [],
        levels=level or LEVELS,
        device=chosen.torch,
    )
    for note in notes:
        console().print(f"  {note}")
    console().print(f"-> {out}")
