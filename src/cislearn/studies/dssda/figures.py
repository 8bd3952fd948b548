"""Classes one by one, as the paper's Figures 3 and 4 show them: box plots by share and method, gains by class size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cislearn.reports.figures.canvas import document, grid, plain_ticks, rule
from cislearn.reports.numbers import signed
from cislearn.reports.palette import INK, MUTED, PAPER, label_of, method_styles
from cislearn.studies.dssda.classes import class_gains, of_classes, rank_by_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

METRICS = ("AUROC", "AUPRC")


def class_distributions(scores: pd.DataFrame, key: str) -> str:
    """Draw the scores of single classes: a row a share, a column a metric, a box a method with its mean as a dot.

    Parameters
    ----------
    scores : DataFrame
        Of one set, protocol and network: labels (per cent), task, method, metric, estimate.
    key : str
        Of the drawing.
    """
    shares = sorted(set(scores["labels"]), key=float)
    methods = [list(dict.fromkeys(scores.loc[scores["labels"] == share, "method"])) for share in shares]
    heights = [len(names) + 3 for names in methods]

    def paint(figure: Figure) -> None:
        rows = figure.subplots(len(shares), 2, squeeze=False, sharex="col", height_ratios=heights)
        for row, share, names in zip(rows, shares, methods, strict=True):
            for axes, metric in zip(row, METRICS, strict=True):
                mine = of_classes(scores[scores["labels"] == share], metric)
                _boxes(axes, mine, names)
                n, total = mine.loc[mine["estimate"].notna(), "task"].nunique(), mine["task"].nunique()
                classes = f"{n} classes" if n == total else f"{n} of {total} classes"
                axes.set(title=f"{metric}, {share} % of the labels, {classes}")
            row[1].set_yticklabels([])

    return document(paint, key=key, size=(8.4, 0.23 * sum(heights) + 0.3), background=PAPER)


def _boxes(axes: Axes, scores: pd.DataFrame, methods: list[str]) -> None:
    """A box a method, the first on top; classes without a score are none of it."""
    styles = method_styles(methods)
    values = [scores.loc[scores["method"] == name, "estimate"].dropna() for name in methods]
    drawn = axes.boxplot(
        values, orientation="horizontal", tick_labels=[label_of(name) for name in methods], showmeans=True, widths=0.6,
        meanprops={"marker": "o", "markersize": 4, "markerfacecolor": INK, "markeredgewidth": 0},
        medianprops={"color": INK}, flierprops={"marker": ".", "markersize": 4, "markeredgecolor": MUTED},
    )  # fmt: skip
    for name, box in zip(methods, drawn["boxes"], strict=True):
        box.set(color=styles[name].colour, linewidth=1.4)
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelbottom=True)
    grid(axes, "x")
    plain_ticks(axes, "x")


def gains_by_class_size(scores: pd.DataFrame, key: str) -> str:
    """Draw the gain in AUROC over the supervised method against the share of positives: a mark a class.

    A row a method, a column a share; a corner tells the rank correlation of the two. Parameters as
    `class_distributions`, and prevalence. Empty where no trial has both the supervised method and another.
    """
    gains = class_gains(scores, "AUROC")
    shares, methods = sorted(set(gains["labels"]), key=float), list(dict.fromkeys(gains["method"]))
    if gains.empty:
        return ""
    styles = method_styles(list(dict.fromkeys(scores["method"])))

    def paint(figure: Figure) -> None:
        rows = figure.subplots(len(methods), len(shares), squeeze=False, sharex=True, sharey=True)
        for row, method in zip(rows, methods, strict=True):
            for axes, share in zip(row, shares, strict=True):
                mine = gains[(gains["method"] == method) & (gains["labels"] == share)]
                _gains(axes, mine, styles[method].colour)
                axes.set_title(f"{label_of(method)}, {share} %" if len(mine) else "")
        for column in rows.T:
            [axes for axes in column if axes.axison][-1].tick_params(labelbottom=True)
        figure.supxlabel("share of positives among the scored windows, %", fontsize=8.5, color=MUTED)
        figure.supylabel("gain in AUROC over supervised", fontsize=8.5, color=MUTED)

    size = (max(3.6, 2.1 * len(shares) + 0.4), 1.3 * len(methods) + 0.5)
    return document(paint, key=key, size=size, background=PAPER)


def _gains(axes: Axes, gains: pd.DataFrame, colour: str) -> None:
    if gains.empty:
        axes.set_axis_off()
        return
    rule(axes, y=0)
    axes.plot(
        100 * gains["prevalence"], gains["gain"], linestyle="none", marker="o", markersize=3.5, color=colour, alpha=0.7,
        markeredgewidth=0,
    )  # fmt: skip
    axes.set_xscale("log")
    axes.minorticks_off()
    rank = rank_by_size(gains)
    if np.isfinite(rank):
        shown = f"rank {signed(rank, 2)}"
        axes.text(0.97, 0.04, shown, transform=axes.transAxes, ha="right", color=MUTED, fontsize=7.5)
    grid(axes)
    plain_ticks(axes)
