"""``cislearn train``: methods side by side, from every seed, to tables and a report."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer


def train(
    config: Annotated[Path | None, typer.Argument(help="A YAML configuration (cislearn new writes one).")] = None,
    data: Annotated[Path | None, typer.Option(help="A dataset folder, instead of a configuration.")] = None,
    target: Annotated[
        str | None, typer.Option(help="The domain without labels to adapt to, or `each`: every labelled one in turn.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The folder of the experiment.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE of the configuration, e.g. training.epochs=5.")
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Remove an experiment that is there and train again.")] = False,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Share each batch among so many processes of this machine, or GPUs.")
    ] = None,
) -> None:
    """Train every method from every seed, compare them on the same loci, and write a report.

    Broken off, the same command goes on where it stood.
    """
    from cislearn.cli.processes import how_many, in_processes
    from cislearn.cli.progress import TerminalReporter, resumable
    from cislearn.cli.show_experiment import show_experiment
    from cislearn.errors import UserError
    from cislearn.experiment.reading import make_config, read_config

    if (config is None) == (data is None):
        raise UserError("give either a configuration or --data", where="cislearn train")
    given = [f"data.target={target}"] if target is not None else []
    given += [f"out={out}"] if out is not None else []
    given += [f"training.processes={processes}"] if processes is not None else []
    if config is not None:
        wanted = read_config(config, [*given, *(settings or [])])
    else:
        assert data is not None
        values: dict[str, object] = {"data": {"path": str(data)}, "out": f"runs/{data.resolve().name}"}
        if target is None:
            values["methods"] = ["supervised"]
        wanted = make_config(values, [*given, *(settings or [])], where="--set")
    from cislearn.experiment.execute import run_experiment

    n = how_many(wanted.training.processes)
    wanted = wanted.model_copy(update={"training": wanted.training.model_copy(update={"processes": n})})

    def work() -> None:
        experiment = run_experiment(
            wanted,
            search=[config.resolve().parent] if config is not None else [Path.cwd()],
            reporter=TerminalReporter(asks_for_costs=n == 1),
            overwrite=overwrite,
            command=shlex.join(["cislearn", *sys.argv[1:]]),
        )
        show_experiment(experiment)

    with resumable():
        in_processes(n, work)
