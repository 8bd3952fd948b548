"""Options that several verbs take alike."""

from __future__ import annotations

from typing import Annotated

import typer

Method = Annotated[
    str | None, typer.Option(help="Of an experiment: which; by default the last listed that saw no target label.")
]
Device = Annotated[str, typer.Option(help="auto, cpu or gpu.")]
CellTracks = Annotated[
    list[str] | None,
    typer.Option(
        help="NAME=FILE, or NAME=PLUS,MINUS of two strands: the bigWig of the cell to be predicted, for each track"
        " that the model reads."
    ),
]
"""Read by `cislearn.cli.arguments.files_by_track`."""
