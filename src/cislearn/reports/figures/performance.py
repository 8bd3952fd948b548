"""How well scores tell the labels: ROC, precision-recall and reliability curves, confusion, scatter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from jaxtyping import Float

from cislearn.reports.curves import Curves
from cislearn.reports.figures.canvas import draw, grid, line_style, plain_ticks, rule
from cislearn.reports.numbers import decimal
from cislearn.reports.palette import INK, MUTED, PAPER, MethodStyle

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_POINTS = 600


def roc_plot(curves: Mapping[str, Curves], styles: Mapping[str, MethodStyle], *, key: str, title: str, alt: str) -> str:
    """ROC curves: the mean over seeds thick, each seed thin, chance as the dashed diagonal."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)))
        _draw_curves(axes, curves, styles)
        axes.set(xlabel="false-positive rate", ylabel="true-positive rate", title=title)

    return draw(paint, key=key, alt=alt, size=(3.9, 3.5))


def precision_recall_plot(
    curves: Mapping[str, Curves],
    styles: Mapping[str, MethodStyle],
    *,
    prevalence: float,
    key: str,
    title: str,
    alt: str,
) -> str:
    """Precision against recall: the mean over seeds thick, each seed thin, the prevalence as a dashed line."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        _draw_curves(axes, curves, styles)
        rule(axes, y=prevalence, label=f"prevalence {decimal(prevalence, 2)}")
        axes.set(xlabel="recall", ylabel="precision", title=title)

    return draw(paint, key=key, alt=alt, size=(3.9, 3.5))


def reliability_plot(
    bins: Mapping[str, pd.DataFrame], styles: Mapping[str, MethodStyle], *, key: str, title: str, alt: str
) -> str:
    """Observed share of positives against predicted probability, a marker a bin with its interval, equality dashed."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)))
        for method, table in bins.items():
            style = styles[method]
            axes.vlines(table["predicted"], table["low"], table["high"], color=style.colour, linewidth=0.6, alpha=0.5)
            axes.plot(
                table["predicted"], table["observed"], color=style.colour, linestyle=line_style(style), linewidth=1.1,
                marker=style.marker, markersize=3.4, zorder=3,
            )  # fmt: skip
        axes.set(xlabel="predicted probability", ylabel="observed share of positives", title=title)
        _unit_square(axes)

    return draw(paint, key=key, alt=alt, size=(3.9, 3.5))


def _draw_curves(axes: Axes, curves: Mapping[str, Curves], styles: Mapping[str, MethodStyle]) -> None:
    """Curves on the unit square."""
    for method, curve in curves.items():
        style = styles[method]
        if len(curve.seeds) > 1:
            axes.plot(curve.x, curve.seeds.T, color=style.colour, linewidth=0.5, alpha=0.5)
        axes.plot(curve.x, curve.mean, color=style.colour, linestyle=line_style(style), zorder=3)
    _unit_square(axes)


def _unit_square(axes: Axes) -> None:
    """Shares across and up."""
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xticks=[0, 0.25, 0.5, 0.75, 1], yticks=[0, 0.25, 0.5, 0.75, 1])
    axes.set_box_aspect(1)
    grid(axes)
    plain_ticks(axes)


def scatter_plot(
    observed: Float[np.ndarray, " n"],
    predicted: Float[np.ndarray, " n"],
    style: MethodStyle,
    *,
    key: str,
    title: str,
    alt: str,
) -> str:
    """Predicted against observed values with the diagonal; evenly spaced rows where there are many."""
    kept = np.linspace(0, len(observed) - 1, min(len(observed), MOST_POINTS)).astype(int)

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        low, high = float(min(observed.min(), predicted.min())), float(max(observed.max(), predicted.max()))
        axes.plot([low, high], [low, high], color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)))
        axes.plot(observed[kept], predicted[kept], linestyle="none", marker="o", markersize=2.6, markeredgewidth=0,
                  color=style.colour, alpha=0.5)  # fmt: skip
        axes.set(xlabel="observed", ylabel="predicted", title=title)
        axes.set_box_aspect(1)
        grid(axes)
        plain_ticks(axes)

    return draw(paint, key=key, alt=alt, size=(3.9, 3.5))


def confusion_plot(
    shares: Float[np.ndarray, "classes classes"], style: MethodStyle, *, key: str, title: str, alt: str
) -> str:
    """Draw the share of each true class (rows) that is called each class (columns), darker for more."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        corners = np.array([-0.48, 0.48, 0.48, -0.48])
        for (row, column), share in np.ndenumerate(shares):
            axes.fill(column + corners, row + np.sort(corners), color=style.colour, alpha=float(share), linewidth=0)
            colour = PAPER if share > 0.5 else INK
            axes.text(column, row, decimal(float(share), 2), ha="center", va="center", color=colour)
        classes = range(len(shares))
        axes.set(xlabel="called class", ylabel="true class", title=title, xticks=classes, yticks=classes)
        axes.set(xlim=(-0.5, len(shares) - 0.5), ylim=(len(shares) - 0.5, -0.5))
        axes.tick_params(length=0)
        axes.set_box_aspect(1)

    return draw(paint, key=key, alt=alt, size=(3.9, 3.5))
