"""``cislearn search``: look for hyper-parameters by the validation score."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def search(
    config: Annotated[Path, typer.Argument(help="A YAML configuration with one method.")],
    space: Annotated[Path, typer.Option(help="A YAML file: of each key of the configuration what may be tried.")],
    trials: Annotated[int, typer.Option(min=1, help="How many, with those that are there.")],
    out: Annotated[Path | None, typer.Option(help="The folder of the search; by default runs/search/CONFIG.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE of the configuration, for all trials.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of what is tried.")] = 0,
) -> None:
    """Train one configuration after another, and keep the one with the best validation score.

    No test row is looked at. Broken off, the same command goes on where it stood. Needs optuna.
    """
    from cislearn.cli.progress import TerminalReporter, resumable
    from cislearn.cli.show import console, show_table
    from cislearn.experiment.reading import read_config
    from cislearn.experiment.searching.search import search as run_search
    from cislearn.experiment.searching.space import read_space, settings_of
    from cislearn.runs import BEST, TRIALS

    folder = out or Path("runs/search") / config.stem
    with resumable():
        table = run_search(
            lambda values: read_config(config, [*(settings or []), *settings_of(values)]),
            read_space(space),
            folder,
            n_trials=trials,
            seed=seed,
            search_path=[config.resolve().parent],
            reporter=TerminalReporter(),
        )
    best_first = table.sort_values("score", ascending=False)
    for name in best_first.columns.difference(["trial", "score", "seeds_sd", "problem"]):
        # A rate of .0002 has no third place: what was tried is shown as it would be written.
        best_first[name] = [f"{v:.4g}" if isinstance(v, float) else v for v in best_first[name]]
    show_table(best_first.drop(columns="problem").head(10), title=f"best of {len(table)} trials, by validation score")
    console().print(f"all trials: {folder / TRIALS}")
    console().print(f"the best: cislearn train {folder / BEST}")
