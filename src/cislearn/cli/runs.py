"""``cislearn runs``: what stands in a folder of experiments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from cislearn.reports.listing import Listed

NAMES = ("experiment", "method", "data", "encoder", "labels", "on")
"""Columns that break into lines where there is no room."""


def runs(
    folder: Annotated[Path, typer.Argument(help="The folder that experiments lie in, at any depth.")] = Path("runs"),
    sort: Annotated[
        str, typer.Option(help="A column: numbers and dates from the greatest down, words from A to Z.")
    ] = "finished",
    only: Annotated[str, typer.Option(help="Only lines that hold all of these words.")] = "",
    html: Annotated[
        Path | None, typer.Option(help="Also write one page, to sort and search, with learning curves and links.")
    ] = None,
) -> None:
    """List experiments and runs: a line a method, and a line for each folder that is broken off or not whole."""
    from cislearn.cli.show import console, show_table
    from cislearn.errors import UserError, nearest
    from cislearn.reports.listing import list_runs
    from cislearn.reports.runs_page import write_runs_page

    found = list_runs(folder)
    table = table_of(found)
    if sort not in table:
        raise UserError(f"there is no column {sort!r}{nearest(sort, table.columns)}", where="--sort")
    lines = [" ".join(map(str, row)).lower() for row in table.itertuples(index=False)]
    table = table[[all(word in line for word in only.lower().split()) for line in lines]]
    is_text = table[sort].dtype.kind not in "if" and sort != "finished"
    table = table.sort_values(sort, ascending=is_text, kind="stable", na_position="last")
    finished = table[table["state"] == "finished"]
    if len(finished):
        show_table(finished.drop(columns=["state", "why"]), is_narrow=True, folded=NAMES)
    for row in table[table["state"] != "finished"].to_dict("records"):
        console().print(f"{row['state']}: {row['experiment']}: {row['why']}")
    if table.empty:
        console().print(f"nothing in {folder}" + (f" has the words {only!r}" if only else ""))
    if html is not None:
        shown = [found[index] for index in table.index]
        console().print(f"page: {write_runs_page(shown, html, title=folder.resolve().name)}")


def table_of(found: Sequence[Listed]) -> pd.DataFrame:
    """Return a row a line."""
    import pandas as pd

    from cislearn.reports.numbers import interval

    rows = [
        (
            run.name, run.method, run.data, run.encoder, run.protocol, run.seeds, run.on, run.metric, run.score,
            interval(run.low, run.high), run.finished[:16].replace("T", " "), run.state, run.why,
        )
        for run in found
    ]  # fmt: skip
    columns = ["experiment", "method", "data", "encoder", "labels", "seeds", "on", "metric", "score", "interval"]
    return pd.DataFrame(rows, columns=[*columns, "finished", "state", "why"])
