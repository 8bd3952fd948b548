"""What bases are worth along promoters: their mean over genes at each position."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float64

from cislearn.reports.figures.canvas import draw, grid, plain_ticks, rule
from cislearn.reports.palette import INK, MUTED

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def position_figure(mean: Float64[np.ndarray, " length"], sd: Float64[np.ndarray, " length"], *, name: str) -> str:
    """Draw the mean over genes of what a position is worth, and below it how much genes differ there.

    Parameters
    ----------
    mean, sd : ndarray, shape (length,)
        In log2; the last position is the one before the gene.
    name : str
        What the figure shows.
    """

    def paint(figure: Figure) -> None:
        places = np.arange(-len(mean), 0)
        first, second = figure.subplots(2, 1, sharex=True)
        for axes, values, title in (
            (first, mean, "mean over genes"),
            (second, sd, "standard deviation over genes"),
        ):
            grid(axes)
            axes.plot(places, values, color=INK if axes is first else MUTED, linewidth=0.7)
            axes.set_title(title)
            plain_ticks(axes, "y")
        rule(first, y=0.0)
        second.set_ylim(bottom=0)
        second.set_xlabel("position before the gene (bp)")

    return draw(paint, key="positions", alt=name, size=(7.0, 3.6))
