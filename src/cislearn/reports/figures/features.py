"""Windows in a plane of a network's features, by default that of the first two principal components."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from cislearn.reports.figures.canvas import draw
from cislearn.reports.palette import INK, METHOD_COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SOURCE_COLOUR, TARGET_COLOUR = METHOD_COLOURS[2], METHOD_COLOURS[1]
POSITIVE_COLOUR, NEGATIVE_COLOUR = METHOD_COLOURS[0], METHOD_COLOURS[4]
SMALL, MEDIUM, LARGE = 2.2, 3.0, 4.6
"""Diameters of dots in points."""
N_TURNS = 5
"""Layers in which dots are drawn."""


@dataclass(frozen=True)
class Cloud:
    """Dots that look alike.

    Parameters
    ----------
    label : str
        In the legend.
    points : ndarray, shape (n, 2)
        Where they are.
    colour : str
        Of the palette.
    size, alpha : float
        Diameter in points; opacity.
    """

    label: str
    points: Float[np.ndarray, "n 2"]
    colour: str
    size: float = MEDIUM
    alpha: float = 0.75


def feature_plot(
    clouds: Sequence[Cloud],
    limits: Float[np.ndarray, "2 2"],
    *,
    key: str,
    title: str,
    alt: str,
    axes_names: tuple[str, str] = ("first principal component", "second"),
) -> str:
    """Draw clouds of dots; those past the limits stand at the edge.

    Parameters
    ----------
    clouds : sequence of Cloud
        Equally strong ones take turns, so that the last does not hide the first; paler ones lie below.
    limits : ndarray, shape (2, 2)
        Least and greatest x, and y.
    key, alt
        See `draw`.
    title : str
        Above the key.
    axes_names : (str, str)
        What x and y are.
    """

    def paint(figure: Figure) -> None:
        from matplotlib.lines import Line2D

        axes = figure.subplots()
        room = 0.04 * (limits[:, 1] - limits[:, 0])
        axes.set(xlim=limits[0] + [-room[0], room[0]], ylim=limits[1] + [-room[1], room[1]])
        for turn in range(N_TURNS):
            for cloud in clouds:
                _draw_dots(axes, np.clip(cloud.points[turn::N_TURNS], limits[:, 0], limits[:, 1]), cloud, turn)
        axes.set(xticks=[], yticks=[], xlabel=axes_names[0], ylabel=axes_names[1])
        axes.set_title(title, color=INK, pad=20)
        look = {"marker": "o", "linestyle": "none", "markeredgecolor": "none"}
        handles = [
            Line2D([], [], markersize=each.size + 1, color=each.colour, alpha=each.alpha, label=each.label, **look)  # type: ignore[arg-type]
            for each in clouds
        ]
        axes.legend(
            handles=handles, loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=len(clouds), handletextpad=0,
            columnspacing=0.8, borderaxespad=0, borderpad=0.2,
        )  # fmt: skip

    return draw(paint, key=key, alt=alt, size=(3.9, 3.3))


def _draw_dots(axes: Axes, points: np.ndarray, cloud: Cloud, turn: int) -> None:
    """Draw dots as the round ends of lines of almost no length: one path for all, a fifth of what markers take."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    ends = np.repeat(points, 2, axis=0)
    ends[1::2, 0] += 1e-4 * (axes.get_xlim()[1] - axes.get_xlim()[0])
    path = Path(ends, np.tile([Path.MOVETO, Path.LINETO], len(points)).astype(Path.code_type))
    path.should_simplify = False
    axes.add_patch(
        PathPatch(
            path, facecolor="none", edgecolor=cloud.colour, linewidth=cloud.size, alpha=cloud.alpha, capstyle="round",
            zorder=2 + cloud.alpha + turn / 100,
        )
    )  # fmt: skip
