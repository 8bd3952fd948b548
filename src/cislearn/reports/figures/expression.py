"""Networks of expression: what they predict against what was measured, and how they learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from jaxtyping import Float64
from numpy import ndarray

from cislearn.reports.figures.canvas import draw, grid, plain_ticks
from cislearn.reports.palette import INK, MUTED

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CELLS = 40
"""Hexagons across a figure of pairs, of which there may be a million."""


def against_figure(observed: Float64[ndarray, " n"], predicted: Float64[ndarray, " n"], *, name: str) -> str:
    """Draw how many pairs have which measured and predicted log ratio, on a logarithmic scale from light to dark.

    The dashed line is where both are equal.
    """
    from matplotlib.colors import LogNorm

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        shades = LogNorm(vmin=0.2)  # a single pair is light grey and not white
        axes.hexbin(observed, predicted, gridsize=CELLS, norm=shades, mincnt=1, cmap="Greys", linewidths=0.1)
        low, high = observed.min(), observed.max()
        axes.plot([low, high], [low, high], color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.set(xlabel="measured (log2)", ylabel="predicted (log2)")
        plain_ticks(axes)

    return draw(paint, key="against", alt=name)


def loss_figure(history: Sequence[Mapping[str, float]], kept: int, *, name: str) -> str:
    """Draw training and validation loss of each epoch; a dot marks the epoch that is kept.

    Parameters
    ----------
    history : list of mapping
        A row an epoch: ``epoch``, ``train_loss`` from the first one on, ``valid_loss``.
    kept : int
        The epoch.
    name : str
        What the figure shows.
    """

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for key, label, colour, dash in (
            ("train_loss", "training", MUTED, (4, 2)),
            ("valid_loss", "validation", INK, ()),
        ):
            rows = [row for row in history if key in row]
            axes.plot(
                [row["epoch"] for row in rows], [row[key] for row in rows],
                color=colour, label=label, linestyle=(0, dash or None), marker="." if len(rows) == 1 else "",
            )  # fmt: skip
        axes.plot(kept, history[kept]["valid_loss"], "o", color=INK, markersize=5)
        axes.set(xlabel="epoch", ylabel="loss")
        axes.locator_params(axis="x", integer=True)
        axes.legend()
        grid(axes, "y")
        plain_ticks(axes)

    return draw(paint, key="loss", alt=name)
