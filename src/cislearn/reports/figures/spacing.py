"""Interaction of two motifs by their distance, a line for each orientation with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cislearn.reports.figures.canvas import draw, grid, plain_ticks, rule
from cislearn.reports.palette import LIGHT_AND_DARK

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

COLOURS = {sign: LIGHT_AND_DARK[name][0] for sign, name in (("+", "method-0"), ("-", "method-1"))}
DASHES = {"+": "-", "-": (0, (3, 2))}


def spacing_figure(table: pd.DataFrame, *, name: str) -> str:
    """Draw mean, low and high of each orientation over distance, as an SVG element.

    Parameters
    ----------
    table : DataFrame
        orientation, distance, mean, low, high.
    name : str
        What it shows, in words.
    """

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for sign, rows in table.groupby("orientation", sort=False):
            colour = COLOURS[str(sign)]
            axes.fill_between(rows["distance"], rows["low"], rows["high"], color=colour, alpha=0.2, linewidth=0)
            axes.plot(rows["distance"], rows["mean"], color=colour, linestyle=DASHES[str(sign)], linewidth=1.2)
            last = rows.iloc[-1]
            label = "\N{MINUS SIGN}" if sign == "-" else "+"
            axes.annotate(
                label,
                (last["distance"], last["mean"]),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                color=colour,
            )
        rule(axes, y=0.0, label="no interaction")
        grid(axes, "y")
        plain_ticks(axes)
        axes.set(xlabel="Bases between the two", ylabel="Interaction (logit)")

    return draw(paint, key="spacing", alt=name)
