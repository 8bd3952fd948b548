"""Options that several verbs take alike."""

from __future__ import annotations

from pathlib import Path
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
Replace = Annotated[bool, typer.Option("--overwrite", help="Replace a folder that is there.")]

# Windows that a finished run is asked about: those that it has held out, or a file's.
OtherWindows = Annotated[
    Path | None,
    typer.Option("--input", help="BED, narrowPeak, FASTA, .seq or table, in the place of held-out windows."),
]
OtherGenome = Annotated[Path | None, typer.Option("--genome", help="FASTA, for regions.")]
OtherTracks = Annotated[
    list[str] | None,
    typer.Option("--track", help="NAME=FILE: the bigWig of each track that the model reads, with --input."),
]
MovedData = Annotated[Path | None, typer.Option("--data", help="Where the run's dataset lies now, if it has moved.")]
HeldOutPart = Annotated[str, typer.Option("--part", help="test or valid: which held-out windows.")]
HeldOutDomain = Annotated[str | None, typer.Option("--domain", help="Held-out windows of this domain alone.")]

ExpressRuns = Annotated[list[Path], typer.Argument(help="Runs of `cislearn express`: one, or several seeds of it.")]
ExpressData = Annotated[Path, typer.Option("--data", help="The dataset that they were trained on.")]
