"""``cislearn express``: train a network of promoters and regulators on a dataset of expression."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cislearn.cli.options import Device


def express(
    data: Annotated[Path, typer.Argument(help="A dataset of `cislearn prepare --expression`.")],
    out: Annotated[Path, typer.Option(help="The folder of the run.")],
    network: Annotated[
        str, typer.Option(help="Which; without a name of a network the message lists them.")
    ] = "factors",
    split: Annotated[
        str, typer.Option(help="What is new in a tested pair: gene, condition, series, both; or pair, which leaks.")
    ] = "series",
    fold: Annotated[int, typer.Option(help="Which of the folds, from 0.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Of first weights, order and dropout.")] = 0,
    epochs: Annotated[int | None, typer.Option(min=1, help="At most; by default those of the network.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="By default that of the network.")] = None,
    ablation: Annotated[
        str | None,
        typer.Option(help="regulators only, sequence only, shuffled promoters, or gene identity."),
    ] = None,
    classes: Annotated[
        bool, typer.Option("--classes", help="Learn calls of down, base and up in the place of log ratios.")
    ] = False,
    keep_own: Annotated[
        bool, typer.Option("--keep-own", help="Let a gene that is a regulator see itself, as published: a leak.")
    ] = False,
    batches: Annotated[
        str, typer.Option(help="blocks of genes and conditions, or single pairs as published: far slower.")
    ] = "blocks",
    overwrite: Annotated[bool, typer.Option(help="Replace a run that is there.")] = False,
    device: Device = "auto",
) -> None:
    """Train one network on one fold of a split and score it on what the split holds out.

    A training that was broken off or killed goes on when the same command is given again.
    `cislearn predict RUN --promoters FILE --conditions TABLE` then says how new promoters are expressed.
    """
    from cislearn.cli.arguments import one_of
    from cislearn.cli.progress import Steps, resumable
    from cislearn.cli.show import console, show_table
    from cislearn.engine.devices import choose_device
    from cislearn.experiment.expression import express as train_and_score
    from cislearn.training.two_towers.plan import SAMPLERS

    chosen = choose_device(device)  # type: ignore[arg-type]
    print_ = console().print
    print_(f"  network {network}, split by {split}; device: {chosen}")
    if split == "pair":
        print_("  by pair both gene and condition of a tested pair are trained on: the scores say little of new ones")
    with resumable():
        scores = train_and_score(
            data,
            out,
            network=network,
            split=split,
            fold=fold,
            seed=seed,
            epochs=epochs,
            learning_rate=learning_rate,
            ablation=ablation,
            classes=classes,
            own="kept" if keep_own else "masked",
            batches=one_of(batches, SAMPLERS, "--batches"),  # type: ignore[arg-type]
            overwrite=overwrite,
            device=chosen,
            progress=Steps(),
        )
    show_table(scores)
    print_(f"-> {out}")
