"""``cislearn report``: draw the report of an experiment or of one run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    path: Annotated[Path, typer.Argument(help="The folder of an experiment or of a run.")],
) -> None:
    """Write report.html from what a finished experiment or run holds."""
    from cislearn.cli.show import console
    from cislearn.reports.write import write_report

    console().print(f"report: {write_report(path)}")
