"""``cislearn inspect``: what a dataset holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def inspect(
    data: Annotated[Path, typer.Argument(help="A dataset folder.")],
    split: Annotated[str, typer.Option(help="auto, given, chromosome, block or sequence.")] = "auto",
) -> None:
    """Show what is in a dataset, what was left out and why, how it splits, and what the parts share."""
    from cislearn.cli.show import console, show_table
    from cislearn.data.dataset import read_dataset
    from cislearn.experiment.inspection import inspect_dataset

    dataset = read_dataset(data)
    found = inspect_dataset(dataset, split)
    print_ = console().print
    margin = f", margin {dataset.spec.margin}" if dataset.spec.margin else ""
    print_(f"{data}: {len(dataset):,} windows of {dataset.spec.length} bp{margin}")
    show_table(found.domains, title="windows by domain, task and label")
    show_table(found.parts, title="windows by domain and part")
    for note in found.notes:
        print_(f"  {note}")
    if len(found.dropped):
        show_table(found.dropped, title=f"left out (each row stands in {data / 'dropped.tsv'})")
