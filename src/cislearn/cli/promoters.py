"""``cislearn promoters``: what runs of `express` rest on in promoters, base by base, and what their filters read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cislearn.cli.options import Device, ExpressData, ExpressRuns


def promoters(
    runs: ExpressRuns,
    data: ExpressData,
    out: Annotated[Path, typer.Option(help="The folder to be.")],
    condition: Annotated[
        str | None, typer.Option(help="Under which condition; by default the mean over all of them.")
    ] = None,
    gene: Annotated[list[str] | None, typer.Option(help="Only this gene; may be given again.")] = None,
    by: Annotated[
        str, typer.Option(help="gradient_x_input, deep_lift, integrated_gradients, saliency, occlusion or mutagenesis.")
    ] = "gradient_x_input",
    references: Annotated[
        str | None,
        typer.Option(help="What promoters are held against: shuffled (dinucleotides kept) or uniform."),
    ] = None,
    n_references: Annotated[int | None, typer.Option(help="Shuffles of each promoter; 20.")] = None,
    against: Annotated[
        Path | None, typer.Option(help="A MEME file of known motifs, such as JASPAR's of fungi: motifs of the filters.")
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace a folder that is there.")] = False,
    device: Device = "auto",
) -> None:
    """Say what each base of a promoter is worth to its gene's log ratio, and what of that is the position's alone."""
    from cislearn.cli.arguments import existing
    from cislearn.cli.progress import Steps
    from cislearn.cli.show import console
    from cislearn.engine.devices import choose_device
    from cislearn.experiment.promoters import explain_promoters
    from cislearn.explain.methods import Settings

    explain_promoters(
        [existing(run, "RUNS") for run in runs],
        existing(data, "--data"),
        out,
        settings=Settings(by, references, n_references),
        condition=condition,
        genes=gene or [],
        against=None if against is None else existing(against, "--against"),
        overwrite=overwrite,
        device=choose_device(device).torch,  # type: ignore[arg-type]
        progress=Steps(),
    )
    console().print(f"-> {out} (promoters.html)")
