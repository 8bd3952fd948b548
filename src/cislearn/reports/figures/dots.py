"""Estimates with their intervals, one row a method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cislearn.reports.figures.canvas import draw, grid, plain_ticks, rule
from cislearn.reports.palette import INK, PAPER, MethodStyle

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Dot:
    """One row of a dot plot.

    Parameters
    ----------
    label : str
        What stands at the row.
    style : MethodStyle
        Of the method it belongs to.
    estimate, low, high : float
        The value and its interval; NaN where there is none.
    seeds : sequence of float
        The value of each seed.
    """

    label: str
    style: MethodStyle
    estimate: float
    low: float
    high: float
    seeds: Sequence[float] = ()


def shows_seeds(dots: Sequence[Dot]) -> bool:
    """Whether `dot_plot` draws seeds: where there are any, and each dot has a row of its own."""
    return any(dot.seeds for dot in dots) and not _is_grouped(dots)


def _is_grouped(dots: Sequence[Dot]) -> bool:
    """Whether dots of one label share its row."""
    return len({dot.label for dot in dots}) < len(dots)


def dot_plot(
    dots: Sequence[Dot], *, key: str, title: str, alt: str, reference: float | None = None, reference_label: str = ""
) -> str:
    """Estimates as markers, intervals as bars, seeds as small open circles below, a reference as a dashed line.

    Dots of one label share its row, without their seeds.
    """
    labels = list(dict.fromkeys(dot.label for dot in dots))
    is_grouped = _is_grouped(dots)
    rows = _rows(dots, labels) if is_grouped else [float(row) for row in range(len(dots))]

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for row, dot in zip(rows, dots, strict=True):
            _draw_dot(axes, row, dot, with_seeds=not is_grouped)
        axes.set_yticks(range(len(labels)), [_shortened(label) for label in labels], color=INK, fontsize=8.5)
        axes.set_ylim(len(labels) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.margins(x=0.08)
        axes.locator_params(axis="x", nbins=5)
        axes.set_title(title)
        # The line below the axis is there in each panel, so that panels beside one another have the same rows.
        axes.set_xlabel(" " if reference is None else reference_label)
        if reference is not None:
            rule(axes, x=reference)
        grid(axes, "x")
        plain_ticks(axes, "x")

    height = 0.95 + (0.16 * (len(dots) + len(labels)) if is_grouped else 0.34 * len(dots))
    return draw(paint, key=key, alt=alt, size=(3.9, height))


def _rows(dots: Sequence[Dot], labels: Sequence[str]) -> list[float]:
    """Place the dots of one label evenly about its row, in their order."""
    members = {label: [index for index, dot in enumerate(dots) if dot.label == label] for label in labels}
    return [
        labels.index(dot.label) + 0.7 * ((members[dot.label].index(index) + 0.5) / len(members[dot.label]) - 0.5)
        for index, dot in enumerate(dots)
    ]


def _draw_dot(axes: Axes, row: float, dot: Dot, *, with_seeds: bool) -> None:
    """Draw an estimate, its interval and, below it, its seeds."""
    colour = dot.style.colour
    axes.plot([dot.low, dot.high], [row, row], color=colour, linewidth=2.4, alpha=0.55, solid_capstyle="butt")
    axes.plot(dot.estimate, row, marker=dot.style.marker, color=colour, markersize=6 if with_seeds else 4.5, zorder=4)
    if with_seeds:
        axes.plot(
            dot.seeds, [row + 0.3] * len(dot.seeds), linestyle="none", marker="o", markersize=3,
            markerfacecolor=PAPER, markeredgecolor=colour, markeredgewidth=0.8, zorder=3,
        )  # fmt: skip


def _shortened(label: str, longest: int = 20) -> str:
    """Give the label, or its beginning and an ellipsis."""
    return label if len(label) <= longest else label[: longest - 1] + "\N{HORIZONTAL ELLIPSIS}"
