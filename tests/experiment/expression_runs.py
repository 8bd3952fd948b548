"""Small runs of `express`, trained in this process."""

from __future__ import annotations

from pathlib import Path

from cislearn.data.expression import prepare_expression
from cislearn.engine.devices import choose_device
from cislearn.experiment.expression import express
from tests.data.expression.files import CONDITIONS, write_expression


def write_data(folder: Path, conditions: list[str] = CONDITIONS) -> Path:
    """Write 11 genes in 3 conditions, with 3 regulators (`write_expression`), as a dataset."""
    return prepare_expression(folder / "data", **write_expression(folder, conditions=conditions)).path


def write_run(data: Path, out: Path, **options: object) -> Path:
    """Train on a fold by genes for an epoch."""
    settings = {"network": "factors", "split": "gene", "epochs": 1} | options
    express(data, out, device=choose_device("cpu"), **settings)
    return out
