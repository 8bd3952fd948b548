"""``cislearn regulators``: which regulators runs of `express` rest on, for which genes, and whether these are known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cislearn.cli.options import Device, ExpressData, ExpressRuns


def regulators(
    runs: ExpressRuns,
    data: ExpressData,
    out: Annotated[Path, typer.Option(help="The folder of the tables.")],
    by: Annotated[
        str, typer.Option(help="rescale, or reveal_cancel: DeepLIFT's rules for dense layers.")
    ] = "reveal_cancel",
    targets: Annotated[
        Path | None,
        typer.Option(help="Known targets to be tested: a header, then REGULATOR<tab>GENE, as of YEASTRACT."),
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="Pairs of regulator and gene to be written, the strongest.")] = 10000,
    overwrite: Annotated[bool, typer.Option(help="Replace tables that are there.")] = False,
    device: Device = "auto",
) -> None:
    """Rank regulators by what they are worth to predictions, with the spread over seeds, and write who acts on whom."""
    from cislearn.cli.arguments import existing, one_of
    from cislearn.cli.progress import Steps
    from cislearn.cli.show import console, show_table
    from cislearn.engine.devices import choose_device
    from cislearn.experiment.regulators import explain_regulators
    from cislearn.explain.expression.rules import RULES

    ranked = explain_regulators(
        [existing(run, "RUNS") for run in runs],
        existing(data, "--data"),
        out,
        rule=one_of(by, list(RULES), "--by"),
        edges=most,
        targets=None if targets is None else existing(targets, "--targets"),
        overwrite=overwrite,
        device=choose_device(device).torch,  # type: ignore[arg-type]
        progress=Steps(),
    )
    show_table(ranked[["rank", "regulator", "worth", "sd", "best_rank", "worst_rank"]].head(10))
    console().print(f"-> {out}")
