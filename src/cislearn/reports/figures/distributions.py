"""Histograms: scores of positives and negatives, domain by domain; how similar test rows are to training rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from cislearn.reports.figures.canvas import draw, grid, plain_ticks
from cislearn.reports.palette import INK, MUTED, MethodStyle

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

N_BINS = 40


@dataclass(frozen=True)
class Scores:
    """Logits of the test rows of one part, by label; `unlabelled` where there is none."""

    positive: Float[np.ndarray, " n_positive"]
    negative: Float[np.ndarray, " n_negative"]
    unlabelled: Float[np.ndarray, " n_unlabelled"]


def distribution_plot(parts: Mapping[str, Scores], style: MethodStyle, *, key: str, title: str, alt: str) -> str:
    """Draw histograms of the logits, one row a part: positives filled, negatives outlined, unlabelled grey."""
    everything = np.concatenate([np.concatenate([s.positive, s.negative, s.unlabelled]) for s in parts.values()])
    low, high = np.quantile(everything, [0.0005, 0.9995])
    edges = np.linspace(low, high if high > low else low + 1, N_BINS + 1)

    def paint(figure: Figure) -> None:
        rows = np.atleast_1d(figure.subplots(len(parts), 1, sharex=True))
        for axes, (name, scores) in zip(rows, parts.items(), strict=True):
            _draw_histograms(axes, scores, edges, style)
            axes.text(0, 1, name, transform=axes.transAxes, ha="left", va="top", color=INK, fontsize=8)
        rows[0].set_title(title, pad=8)
        rows[0].legend(loc="upper right", handlelength=1.2, borderpad=0, labelspacing=0.2)
        rows[-1].set_xlabel("logit")
        plain_ticks(rows[-1], "x")

    return draw(paint, key=key, alt=alt, size=(3.9, 0.7 + 1.15 * len(parts)))


def _draw_histograms(axes: Axes, scores: Scores, edges: np.ndarray, style: MethodStyle) -> None:
    """Draw the histograms of one part, each of area one, on one baseline."""
    if len(scores.unlabelled):
        axes.stairs(_density(scores.unlabelled, edges), edges, fill=True, color=MUTED, alpha=0.3, label="unlabelled")
    if len(scores.positive):
        axes.stairs(_density(scores.positive, edges), edges, fill=True, color=style.colour, alpha=0.7, label="positive")
    if len(scores.negative):
        axes.stairs(_density(scores.negative, edges), edges, color=INK, linewidth=1, label="negative")
    axes.set_yticks([])
    # Room above the histograms for the name of the part.
    axes.set_ylim(0, 1.4 * axes.get_ylim()[1])
    axes.spines["left"].set_visible(False)


def _density(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Histogram of area one; what lies past the ends is counted in the end bins."""
    return np.histogram(np.clip(values, edges[0], edges[-1]), edges, density=True)[0]


def similarity_plot(
    edges: Float[np.ndarray, " edges"], n_rows: Float[np.ndarray, " bins"], *, key: str, title: str, alt: str
) -> str:
    """Draw how many test rows have a greatest similarity to training in each bin; heights are logarithmic."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        # From below one row up, so that a single row is seen.
        axes.stairs(n_rows, edges, baseline=0.5, fill=True, color=MUTED, alpha=0.7)
        axes.set_yscale("log")
        axes.set_ylim(0.5, 2 * max(1.0, float(n_rows.max(initial=1))))
        axes.set(xlabel="greatest similarity to a training row", ylabel="test rows", title=title)
        grid(axes, "y")
        plain_ticks(axes)
        axes.minorticks_off()

    return draw(paint, key=key, alt=alt, size=(3.9, 2.3))
