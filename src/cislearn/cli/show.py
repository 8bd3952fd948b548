"""Tables and notes on the terminal."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console


def console() -> Console:
    """Return the console that results are printed to; wide where the output is no terminal, so that no table is cut."""
    from rich.console import Console

    plain = Console(highlight=False)
    return plain if plain.is_terminal else Console(highlight=False, width=160)


def show_table(
    table: pd.DataFrame, title: str | None = None, *, is_narrow: bool = False, folded: Collection[str] = ()
) -> None:
    """Print a table; numbers to the right, NaN as a dash; a narrow one has one space between its columns.

    Where there is no room the columns `folded` break into lines, so that no number is cut.
    """
    from rich import box
    from rich.table import Table

    padding = (0, 0 if is_narrow else 1, 0, 0)
    shown = Table(box=box.SIMPLE_HEAD, padding=padding, pad_edge=False, show_edge=not is_narrow)
    for name in table.columns:
        is_number = table[name].dtype.kind in "if"
        shown.add_column(str(name), justify="right" if is_number else "left", no_wrap=name not in folded)
        shown.columns[-1].overflow = "fold" if name in folded else "ellipsis"
    for row in table.itertuples(index=False):
        shown.add_row(*(_cell(value) for value in row))
    if title:
        console().print(title)
    console().print(shown)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "-" if math.isnan(value) else f"{value:,.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def signed(row: Mapping[Any, Any]) -> str:
    """A difference with its sign and interval."""
    sign = "+" if row["difference"] >= 0 else ""
    return f"{sign}{number(row['difference'])} ({number(row['low'])}, {number(row['high'])})"


def number(value: float) -> str:
    """Three places, without the zero before the point, as papers print what lies between -1 and 1."""
    return "-" if math.isnan(value) else f"{value:.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.3f}"
