"""What was logged during training, against the step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from cislearn.reports.figures.canvas import draw, grid, line_style, plain_ticks, rule
from cislearn.reports.palette import MethodStyle

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def step_plot(
    logs: Mapping[str, Sequence[pd.Series]],
    styles: Mapping[str, MethodStyle],
    *,
    key: str,
    title: str,
    alt: str,
    reference: float | None = None,
    reference_label: str = "",
    limits: tuple[float, float] | None = None,
    marked: Mapping[str, Sequence[float]] | None = None,
) -> str:
    """Draw a logged value against the step: each seed thin, the mean thick where all seeds have the step.

    Parameters
    ----------
    logs : mapping of method to series
        One series a seed, indexed by step.
    limits : (float, float), optional
        Of the ordinate.
    marked : mapping of method to steps, optional
        A step of each series to put a marker at.
    """

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for method, series in logs.items():
            style = styles[method]
            for values in series if len(series) > 1 else ():
                axes.plot(values.index, values, color=style.colour, linewidth=0.5, alpha=0.5)
            for values, step in zip(series, (marked or {}).get(method, ()), strict=False):
                if step in values.index:
                    axes.plot(step, values[step], marker=style.marker, color=style.colour, markersize=5, zorder=4)
            mean = pd.concat(series, axis=1).dropna().mean(axis=1)
            alone = style.marker if len(mean) == 1 else ""  # a line of one point cannot be seen
            axes.plot(mean.index, mean, color=style.colour, linestyle=line_style(style), marker=alone, zorder=3)
        if limits is not None:
            axes.set_ylim(*limits)
        if reference is not None:
            rule(axes, y=reference, label=reference_label)
        axes.locator_params(axis="x", nbins=5)
        axes.set(xlabel="step", title=title)
        grid(axes, "y")
        plain_ticks(axes)

    return draw(paint, key=key, alt=alt, size=(3.9, 2.5))
