"""``cislearn quickstart``: the main job on the simulated benchmark, from nothing to a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def quickstart(
    out: Annotated[Path, typer.Option(help="The folder of the experiment; its data goes beside it.")] = Path(
        "runs/quickstart"
    ),
    settings: Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE of the configuration.")] = None,
) -> None:
    """Simulate a cell type without labels, train with and without an adversary from 3 seeds, compare, report."""
    from cislearn.cli.progress import TerminalReporter, resumable
    from cislearn.cli.show import console
    from cislearn.cli.show_experiment import show_experiment
    from cislearn.experiment.execute import run_experiment
    from cislearn.experiment.quickstart import quickstart_config, quickstart_data

    reporter = TerminalReporter()
    console().print("simulated benchmark `mixed`: 1 labelled cell type, 1 without labels")
    data = quickstart_data(out.with_name(f"{out.name}.data"))
    config = quickstart_config(data, out, settings or [])
    with resumable():
        experiment = run_experiment(config, reporter=reporter, command="cislearn quickstart")
    show_experiment(experiment)
