"""``cislearn inspect``: what a dataset, or the model of a run, holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def inspect(
    path: Annotated[Path, typer.Argument(help="A dataset folder, or that of an experiment or a run.")],
    split: Annotated[str, typer.Option(help="auto, given, chromosome, block or sequence.")] = "auto",
    target: Annotated[
        str | None, typer.Option(help="The domain to adapt to: its labels have no say in the split.")
    ] = None,
) -> None:
    """Show what is in a dataset, what was left out and why, how it splits, and what the parts share.

    Of an experiment or a run it shows the model: layers, shapes, parameters, receptive field.
    """
    from cislearn.data.dataset import MARKER

    if not (path / MARKER).is_file() and any((path / name).is_file() for name in ("experiment.json", "run.json")):
        _show_model(path)
    else:
        _show_dataset(path, split, target)


def _show_model(path: Path) -> None:
    import pandas as pd

    from cislearn.cli.show import show_table
    from cislearn.models.saving import load_network, read_card
    from cislearn.models.summary import summary_record
    from cislearn.runs import runs_under

    folder = runs_under(path)[0].path
    model = summary_record(load_network(folder), read_card(folder).encoder)
    layers = pd.DataFrame(model["layers"])
    layers["shape"] = [" x ".join(map(str, shape)) for shape in layers["shape"]]
    seen = layers.pop("receptive_field")
    layers["receptive field (bp)"] = ["-" if pd.isna(bases) else f"{int(bases)}" for bases in seen]
    totals = f"{model['parameters']:,} parameters, receptive field {model['receptive_field']} bp"
    show_table(layers, title=f"{model['encoder']}: {totals}")


def _show_dataset(path: Path, split: str, target: str | None) -> None:
    from cislearn.cli.show import console, show_table
    from cislearn.data.dataset import read_dataset
    from cislearn.experiment.inspection import inspect_dataset

    dataset = read_dataset(path)
    found = inspect_dataset(dataset, split, target)
    print_ = console().print
    margin = f", margin {dataset.spec.margin}" if dataset.spec.margin else ""
    print_(f"{path}: {len(dataset):,} windows of {dataset.spec.length} bp{margin}")
    show_table(found.domains, title="windows by domain, task and label")
    show_table(found.parts, title="windows by domain and part")
    for note in found.notes:
        print_(f"  {note}")
    if len(found.dropped):
        show_table(found.dropped, title=f"left out (each row stands in {path / 'dropped.tsv'})")
