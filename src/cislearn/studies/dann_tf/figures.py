"""Figures 1 to 3 of the paper with our own numbers: scatters with the diagonal, box plots with the mean as a dot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from cislearn.reports.figures.canvas import document, grid, plain_ticks
from cislearn.reports.palette import INK, MARKERS, METHOD_COLOURS, MUTED, PAPER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FIGURES = {"Figure 1": ("100",), "Figure 2": ("50", "20", "10"), "Figure 3": ("0",)}
"""Shares of the target's labels, in per cent, that a figure of the paper is of."""
METRICS = ("AUROC", "F1")


def scatter_plots(pairs: pd.DataFrame, key: str) -> str:
    """Draw a row a share, a column a metric, a mark a pair: the adversarial network across, its baseline up.

    Parameters
    ----------
    pairs : DataFrame
        labels, metric, factor, cell, adversarial, baseline.
    key : str
        Unique name of the drawing.
    """
    shares = list(dict.fromkeys(pairs["labels"]))
    cells, factors = sorted(set(pairs["cell"])), sorted(set(pairs["factor"]))

    def paint(figure: Figure) -> None:
        grid_of_axes = figure.subplots(len(shares), len(METRICS), squeeze=False)
        for row, share in zip(grid_of_axes, shares, strict=True):
            for axes, metric in zip(row, METRICS, strict=True):
                mine = pairs[(pairs["labels"] == share) & (pairs["metric"] == metric)]
                _scatter(axes, mine, cells, factors)
                axes.set(xlabel="adversarial", ylabel="baseline", title=f"{metric}, {share} % of the target's labels")
        _keys(figure, cells, factors)

    return document(paint, key=key, size=(7.4, 3.3 * len(shares) + 0.5), background=PAPER)


def _scatter(axes: Axes, pairs: pd.DataFrame, cells: list[str], factors: list[str]) -> None:
    values = pairs[["adversarial", "baseline"]]
    low = min(float(values.min().min()), 0.95) - 0.02
    axes.plot([low, 1], [low, 1], color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)))
    for pair in pairs.to_dict("records"):
        axes.plot(
            pair["adversarial"], pair["baseline"], linestyle="none", marker=MARKERS[factors.index(pair["factor"])][0],
            markersize=6, markerfacecolor="none", markeredgecolor=METHOD_COLOURS[cells.index(pair["cell"])],
        )  # fmt: skip
    axes.set(xlim=(low, 1.005), ylim=(low, 1.005))
    axes.set_box_aspect(1)
    grid(axes)
    plain_ticks(axes)


def _keys(figure: Figure, cells: list[str], factors: list[str]) -> None:
    """Say which colour is which cell type, and which mark which factor."""
    from matplotlib.lines import Line2D

    colours = [Line2D([], [], linestyle="none", marker="o", color=METHOD_COLOURS[n]) for n in range(len(cells))]
    marks = [
        Line2D([], [], linestyle="none", marker=MARKERS[n][0], markerfacecolor="none", color=INK)
        for n in range(len(factors))
    ]
    figure.legend([*colours, *marks], [*cells, *factors], loc="outside lower center", ncols=5)


def box_plots(pairs: pd.DataFrame, key: str) -> str:
    """Draw a row a share, a column a metric: scores of all pairs, baseline left and adversarial right."""
    shares = list(dict.fromkeys(pairs["labels"]))

    def paint(figure: Figure) -> None:
        grid_of_axes = figure.subplots(len(shares), len(METRICS), squeeze=False)
        for row, share in zip(grid_of_axes, shares, strict=True):
            for axes, metric in zip(row, METRICS, strict=True):
                mine = pairs[(pairs["labels"] == share) & (pairs["metric"] == metric)]
                axes.boxplot(
                    [mine["baseline"], mine["adversarial"]], tick_labels=["baseline", "adversarial"], showmeans=True,
                    widths=0.5, meanprops={"marker": "o", "markerfacecolor": METHOD_COLOURS[1], "markeredgewidth": 0},
                    medianprops={"color": METHOD_COLOURS[0]}, flierprops={"marker": ".", "markersize": 4},
                )  # fmt: skip
                axes.set(ylabel=metric, title=f"{len(mine)} pairs, {share} % of the target's labels")
                grid(axes, "y")
                plain_ticks(axes, "y")

    return document(paint, key=key, size=(7.4, 2.6 * len(shares)), background=PAPER)
