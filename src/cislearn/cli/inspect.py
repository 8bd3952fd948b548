"""``cislearn inspect``: what a dataset, or the model of a run, holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cislearn.experiment.roles import Roles


def inspect(
    path: Annotated[Path, typer.Argument(help="A dataset folder, or that of an experiment or a run.")],
    split: Annotated[
        str, typer.Option(help="auto, given, chromosome, block, similarity, sequence or random.")
    ] = "auto",
    folds: Annotated[
        Path | None,
        typer.Option(
            help="A JSON file of chromosomes: {train: [...], valid: [...], test: [...]}, in place of --split."
        ),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="The domain to adapt to: its labels have no say in the split.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Without simple models and the comparison of domains.")
    ] = False,
) -> None:
    """Show what is in a dataset, how it splits, what the parts share, and how far simple models go on it.

    Also what was left out and why, and whether base composition alone tells the domains apart. Of an experiment or a
    run it shows the model: layers, shapes, parameters, receptive field; of a run of `express` the parts of its network.
    """
    from cislearn.data.marker import MARKER
    from cislearn.models.files import TWO_TOWERS

    if (path / TWO_TOWERS).is_file():
        _show_towers(path)
    elif not (path / MARKER).is_file() and any((path / name).is_file() for name in ("experiment.json", "run.json")):
        _show_model(path)
    else:
        _show_dataset(path, split, folds, target, quick)


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


def _show_towers(path: Path) -> None:
    import pandas as pd

    from cislearn.cli.show import show_table
    from cislearn.models.two_towers.saving import load_towers

    network, card = load_towers(path)
    sizes = {name: sum(p.numel() for p in part.parameters()) for name, part in network.named_children()}
    parts = pd.DataFrame({"part": sizes.keys(), "parameters": [f"{size:,}" for size in sizes.values()]})
    reads = f"promoters of {card.length} bp, {len(card.regulators):,} regulators"
    how = f"{card.extra['split']} split, fold {card.extra['fold']}"
    show_table(parts, title=f"{card.network}: {sum(sizes.values()):,} parameters; {reads}; {how}")


def _show_dataset(path: Path, split: str, folds: Path | None, target: str | None, quick: bool) -> None:
    from cislearn.cli.show import console, show_table
    from cislearn.data.dataset import read_dataset
    from cislearn.data.folds import read_folds
    from cislearn.experiment.inspection import inspect_dataset

    dataset = read_dataset(path)
    found = inspect_dataset(dataset, split, target, folds=None if folds is None else read_folds(folds))
    print_ = console().print
    margin = f", margin {dataset.spec.margin}" if dataset.spec.margin else ""
    print_(f"{path}: {len(dataset):,} windows of {dataset.spec.length} bp{margin}")
    if dataset.spec.single_stranded:
        print_("  RNA: the second strand has no meaning (train with model.reverse_complement: none)")
    if dataset.spec.tracks:
        print_(f"  tracks: {', '.join(f'{track.name} ({track.rc})' for track in dataset.spec.tracks)}")
    show_table(found.domains, title="windows by domain, task and label")
    show_table(found.parts, title="windows by domain and part")
    for note in found.notes:
        print_(f"  {note}")
    if len(found.dropped):
        show_table(found.dropped, title=f"left out (each row stands in {path / 'dropped.tsv'})")
    if not quick:
        _show_findings(found.roles)


def _show_findings(roles: Roles) -> None:
    import pandas as pd

    from cislearn.cli.show import console, show_table
    from cislearn.experiment.before_training import look_before_training
    from cislearn.reports.numbers import decimal, interval

    found = look_before_training(roles)
    table, print_ = found.simple, console().print
    if len(table):
        intervals = [interval(low, high) for low, high in zip(table["low"], table["high"], strict=True)]
        shown = pd.DataFrame({"task": table["task"], "simple model": table["simple model"]})
        shown["AUROC"] = table["AUROC"].map(decimal)
        shown["95 % interval"] = intervals
        shown["detail"] = table["detail"]
        has_one_task = len(set(table["task"])) == 1
        show_table(shown.drop(columns="task") if has_one_task else shown, title=found.title)
    else:
        print_(found.title)
    for note in found.notes:
        print_(f"  {note}")
    if len(found.apart):
        show_table(
            found.apart, title="GC content and dinucleotides alone tell apart: AUROC (95 % interval), .5 is chance"
        )
    for warning in found.warnings:
        print_(f"WARNING: {warning}.")
