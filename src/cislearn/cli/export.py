"""``cislearn export``: a trained model as a file that needs nothing of cislearn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cislearn.cli.options import Method


def export(
    run: Annotated[Path, typer.Argument(help="The folder of an experiment or of a run.")],
    out: Annotated[Path, typer.Option(help="The file to be: .pt2 for torch, .onnx for ONNX.")],
    format: Annotated[str | None, typer.Option(help="torch or onnx; by default as --out ends.")] = None,
    method: Method = None,
    overwrite: Annotated[bool, typer.Option(help="Replace a file and a card that are there.")] = False,
) -> None:
    """Write a trained model for torch.export or ONNX: one-hot windows in, logits out, for any number of windows.

    Both strands are joined within and the seeds of an experiment averaged. The file is tried on random windows and
    only kept where it says what the model says. A model card (.md) is written beside it.
    """
    from cislearn.atomic import refuse_taken_file
    from cislearn.cli.show import console
    from cislearn.prediction.export import TOLERANCE, export_model
    from cislearn.reports.model_card import exported_card, write_exported_card

    for path in (out, exported_card(out)):
        refuse_taken_file(path, overwrite=overwrite)
    chosen = export_model(run, out, method, format=format)
    console().print(f"{chosen} -> {out}; equal to the model within {TOLERANCE:g} on random windows")
    console().print(f"model card -> {write_exported_card(run, out, method)}")
