"""Words of k bases in a plane, by the likeness of their vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

from cislearn.reports.figures.canvas import draw
from cislearn.reports.palette import INK, METHOD_COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_LETTERED = 64
"""Words that still have room to be spelled; more are dots."""


def word_map(
    points: Float[np.ndarray, "n 2"],
    words: Sequence[str],
    classes: Int[np.ndarray, " n"],
    *,
    key: str,
    title: str,
    alt: str,
) -> str:
    """Draw words where they lie, coloured by a small number of each.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        Where.
    words : sequence of str
        Which.
    classes : ndarray, shape (n,)
        From 0; the legend says them.
    """

    def paint(figure: Figure) -> None:
        from matplotlib.lines import Line2D

        axes = figure.subplots()
        x, y = points.T
        is_spelled = len(words) <= MOST_LETTERED
        for value in np.unique(classes):
            colour = METHOD_COLOURS[value % len(METHOD_COLOURS)]
            mine = np.flatnonzero(classes == value)
            if is_spelled:
                for number in mine:
                    axes.text(
                        x[number], y[number], words[int(number)], color=colour, fontsize=6.5, ha="center", va="center"
                    )
            else:
                axes.plot(x[mine], y[mine], "o", color=colour, markersize=2.5, markeredgecolor="none")
        low, high = points.min(axis=0), points.max(axis=0)
        room = 0.06 * np.maximum(high - low, 1e-9)
        axes.set(xlim=(low[0] - room[0], high[0] + room[0]), ylim=(low[1] - room[1], high[1] + room[1]))
        axes.set(xticks=[], yticks=[])
        axes.set_title(title, color=INK, pad=20)
        handles = [
            Line2D(
                [],
                [],
                marker="o",
                linestyle="none",
                markersize=4,
                color=METHOD_COLOURS[v % len(METHOD_COLOURS)],
                label=str(v),
            )
            for v in np.unique(classes)
        ]
        axes.legend(
            handles=handles, loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=len(handles), handletextpad=0,
            columnspacing=0.8, borderaxespad=0, borderpad=0.2,
        )  # fmt: skip

    return draw(paint, key=key, alt=alt, size=(3.9, 3.6))
