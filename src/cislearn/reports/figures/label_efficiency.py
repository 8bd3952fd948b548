"""Scores against the share of the labels that was seen, a line each method, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cislearn.reports.figures.canvas import document, draw, grid, line_style, plain_ticks
from cislearn.reports.palette import PAPER, MethodStyle

if TYPE_CHECKING:
    from typing import Any

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 4
"""Panels in a row, at most."""
ASIDE, SPREAD = 3.0, 14.0
"""In points, from one method to the next and over all at most: intervals at one share shall not hide each other."""


def label_efficiency(
    panels: Mapping[str, pd.DataFrame], styles: Mapping[str, MethodStyle], metric: str, key: str
) -> str:
    """Draw a metric against the share of the labels, as an SVG document with its own key of methods.

    Parameters
    ----------
    panels : mapping of str to DataFrame
        By title: rows with method, share (per cent of the labels seen, 0 to 100), estimate, low and high.
    styles : mapping of str to MethodStyle
        Of each method.
    metric : str
        Its name.
    key : str
        Of the drawing: letters, digits, hyphens.
    """
    columns = max(1, min(COLUMNS, len(panels)))
    rows = max(1, -(-len(panels) // columns))
    paint = _painter(panels, styles, metric, columns, has_key=True)
    return document(paint, key=key, size=(4.2 * columns, 3.2 * rows + 0.6), background=PAPER)


def label_efficiency_plot(
    title: str, scores: pd.DataFrame, styles: Mapping[str, MethodStyle], metric: str, *, key: str, alt: str
) -> str:
    """Draw one panel of `label_efficiency` as an element of a page, which has the key of methods."""
    return draw(_painter({title: scores}, styles, metric, 1, has_key=False), key=key, alt=alt, size=(3.9, 2.9))


def _painter(
    panels: Mapping[str, pd.DataFrame], styles: Mapping[str, MethodStyle], metric: str, columns: int, *, has_key: bool
) -> Callable[[Figure], None]:
    def paint(figure: Figure) -> None:
        axes = figure.subplots(-(-max(1, len(panels)) // columns), columns, squeeze=False).ravel()
        handles: dict[str, Any] = {}
        for each, (title, scores) in zip(axes, panels.items(), strict=False):
            _curves(each, scores, styles)
            each.set(title=title, xlabel="share of the labels, %", ylabel=metric)
            lines, names = each.get_legend_handles_labels()
            handles |= dict(zip(names, lines, strict=True))
        for empty in axes[len(panels) :]:
            empty.set_axis_off()
        if has_key:
            figure.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=3 * columns)

    return paint


def _curves(axes: Axes, scores: pd.DataFrame, styles: Mapping[str, MethodStyle]) -> None:
    from matplotlib.transforms import ScaledTranslation

    figure = axes.figure
    methods = [method for method in styles if method in set(scores["method"])]
    step = min(ASIDE, SPREAD / max(1, len(methods) - 1))
    for number, method in enumerate(methods):
        style, mine = styles[method], scores[scores["method"] == method].sort_values("share")
        shift = (number - (len(methods) - 1) / 2) * step / 72
        aside = axes.transData + ScaledTranslation(shift, 0, figure.dpi_scale_trans)
        spread = [mine["estimate"] - mine["low"], mine["high"] - mine["estimate"]]
        axes.errorbar(
            mine["share"], mine["estimate"], yerr=np.clip(spread, 0, None), label=style.label, transform=aside,
            color=style.colour, marker=style.marker, linestyle=line_style(style), markersize=4, linewidth=1.0,
            elinewidth=0.8,
        )  # fmt: skip
    # What stands aside is not seen by Matplotlib when it chooses the ends of the axes.
    for column in ("low", "estimate", "high"):
        known = scores[["share", column]].dropna()
        axes.update_datalim(known.to_numpy(float))
    # Shares span orders of magnitude, and none of the labels is a share too.
    shares = sorted(set(scores["share"]))
    axes.set_xscale("symlog", linthresh=min([share for share in shares if share > 0], default=1.0))
    axes.set_xticks(shares, minor=False)
    axes.set_xticks([], minor=True)
    axes.margins(x=0.1)
    axes.autoscale_view()
    grid(axes)
    plain_ticks(axes)
