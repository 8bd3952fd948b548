"""``cislearn new``: a commented configuration to fill in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def new(
    path: Annotated[Path | None, typer.Argument(help="The YAML file to be.")] = None,
    data: Annotated[Path, typer.Option(help="The dataset folder to write into it.")] = Path("data/NAME"),
    target: Annotated[str, typer.Option(help="The target domain to write into it.")] = "null",
    schema: Annotated[bool, typer.Option(help="Print the JSON schema of configurations instead.")] = False,
) -> None:
    """Write a configuration with every key, its default and what it means."""
    import json

    from cislearn.cli.show import console
    from cislearn.errors import UserError

    if schema:
        from cislearn.experiment.config import ExperimentConfig

        typer.echo(json.dumps(ExperimentConfig.model_json_schema(), indent=2))
        return
    if path is None:
        raise UserError(
            "say what the file shall be called", where="cislearn new", fix="For example: cislearn new foxa1.yaml"
        )
    if path.exists():
        raise UserError("exists already", where=path, fix="Give another name.")
    from cislearn.atomic import file_written_whole
    from cislearn.experiment.template import commented_config

    with file_written_whole(path) as partial:
        partial.write_text(commented_config(data, target), encoding="utf-8")
    console().print(f"{path} is written\nnext: cislearn train {path}")
