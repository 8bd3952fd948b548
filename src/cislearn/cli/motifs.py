"""``cislearn motifs``: what a trained model's first filters look for, and what for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cislearn.cli.options import (
    Device,
    HeldOutDomain,
    HeldOutPart,
    Method,
    MovedData,
    OtherGenome,
    OtherTracks,
    OtherWindows,
    Replace,
)


def motifs(
    run: Annotated[
        Path | None, typer.Argument(help="The folder of an experiment or of a run; none with --attributions.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder to be.")] = Path("motifs"),
    attributions: Annotated[
        Path | None,
        typer.Option(
            help="The folder of attributions, or a .npz of them: motifs are then TF-MoDISco's, and those of no filter."
        ),
    ] = None,
    source: OtherWindows = None,
    genome: OtherGenome = None,
    track: OtherTracks = None,
    data: MovedData = None,
    part: HeldOutPart = "test",
    domain: HeldOutDomain = None,
    against: Annotated[str, typer.Option(help="jaspar (2024 CORE vertebrates), or a MEME file.")] = "jaspar",
    rule: Annotated[
        str,
        typer.Option(help="half_maximum: sites with more than half the greatest answer; top: the best of 100 windows."),
    ] = "half_maximum",
    layer: Annotated[str | None, typer.Option(help="A convolution that reads the bases; the first by default.")] = None,
    task: Annotated[
        str | None, typer.Option(help="Whose logit motifs change alone in shuffled windows; of one task that one.")
    ] = None,
    pair: Annotated[
        str | None, typer.Option(help="A,B: two motifs, found or known, whose spacing is tried for that task.")
    ] = None,
    method: Method = None,
    device: Device = "auto",
    overwrite: Replace = False,
) -> None:
    """Write the motifs of a model's first filters: names, counts, influence, and a page of logos.

    They are those of windows that the run has held out. Several seeds are compared with each other.
    """
    from cislearn.cli.arguments import existing, files_by_track, one_of
    from cislearn.cli.progress import Steps
    from cislearn.cli.show import console, show_table
    from cislearn.engine.devices import choose_device
    from cislearn.errors import UserError
    from cislearn.experiment.motifs import find_attributed_motifs, find_motifs

    if (run is None) == (attributions is None):
        raise UserError("motifs are those of a run or of attributions", fix="Give RUN, or --attributions FILE.")
    if run is None or attributions is not None:
        assert attributions is not None
        existing(attributions, "--attributions")
        found = find_attributed_motifs(attributions, out, against=against, overwrite=overwrite, progress=Steps())
    else:
        found = find_motifs(
            run,
            out,
            method=method,
            source=None if source is None else existing(source, "--input"),
            genome=genome,
            tracks=files_by_track(track or []),
            data=data,
            part=one_of(part, ("test", "valid"), "--part"),  # type: ignore[arg-type]
            domain=domain,
            against=against,
            rule=one_of(rule, ("half_maximum", "top"), "--rule"),  # type: ignore[arg-type]
            layer=layer,
            task=task,
            pair=None if pair is None else _pair(pair),
            device=choose_device(device).torch,  # type: ignore[arg-type]
            overwrite=overwrite,
            progress=Steps(),
        )
    first = ("motif", "name", "q", "by_chance", "sites", "recurs")
    shown = [name for name in map(str, found.table) if name in first or name.startswith("change_")]
    show_table(found.table[shown].head(10), title=f"{len(found.motifs):,} motifs, the first ones")
    if found.about["dropped"]:
        console().print(f"  {found.about['dropped']:,} filters rest on fewer than 10 windows and are left out")
    if found.motifs:
        console().print(f"  {found.about['unmatched']:.0%} have no match in {against}, less what matches by chance")
    if n := found.about["few_orders"]:
        console().print(f"  {n:,} of these match, and have too few orders of their positions to tell that from chance")
    console().print(f"motifs -> {out}, a page of them: {out / 'motifs.html'}")


def _pair(value: str) -> tuple[str, str]:
    from cislearn.errors import UserError

    first, comma, second = value.partition(",")
    if not (first and comma and second):
        raise UserError(f"{value!r} is not A,B", where="--pair", fix="For example --pair GATA1,TAL1.")
    return first, second
