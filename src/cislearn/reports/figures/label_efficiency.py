"""Scores against the share of the labels that was seen, a line each method, with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cislearn.reports.figures.canvas import document, grid, plain_ticks
from cislearn.reports.palette import MARKERS, METHOD_COLOURS, PAPER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 4
"""Panels in a row, at most."""


def label_efficiency(panels: Mapping[str, pd.DataFrame], metric: str, key: str) -> str:
    """Draw a metric against the share of the labels, as an SVG document.

    Parameters
    ----------
    panels : mapping of str to DataFrame
        By title: rows with method, share (per cent of the labels seen, 0 to 100), estimate, low and high.
    metric : str
        Its name.
    key : str
        Of the drawing: letters, digits, hyphens.
    """
    columns = max(1, min(COLUMNS, len(panels)))
    rows = max(1, -(-len(panels) // columns))

    def paint(figure: Figure) -> None:
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for each, (title, scores) in zip(axes, panels.items(), strict=False):
            _curves(each, scores)
            each.set(title=title, xlabel="share of the labels, %", ylabel=metric)
        for empty in axes[len(panels) :]:
            empty.set_axis_off()

    return document(paint, key=key, size=(4.6 * columns, 3.8 * rows), background=PAPER)


def _curves(axes: Axes, scores: pd.DataFrame) -> None:
    methods = list(dict.fromkeys(map(str, scores["method"])))
    for number, method in enumerate(methods):
        mine = scores[scores["method"] == method].sort_values("share")
        aside = 1 + 0.02 * (number - len(methods) / 2)  # so that intervals at one share do not hide each other
        spread = [mine["estimate"] - mine["low"], mine["high"] - mine["estimate"]]
        axes.errorbar(
            mine["share"] * aside, mine["estimate"], yerr=np.clip(spread, 0, None), label=method.replace("_", " "),
            color=METHOD_COLOURS[number % len(METHOD_COLOURS)], marker=MARKERS[number % len(MARKERS)][0],
            markersize=4, linewidth=1.0, elinewidth=0.8,
        )  # fmt: skip
    # Shares span orders of magnitude, and none of the labels is a share too.
    shares = sorted(set(scores["share"]))
    axes.set_xscale("symlog", linthresh=min([share for share in shares if share > 0], default=1.0))
    axes.set_xticks(shares, minor=False)
    axes.set_xticks([], minor=True)
    axes.legend(fontsize=7, frameon=False, loc="lower right")
    grid(axes)
    plain_ticks(axes)
