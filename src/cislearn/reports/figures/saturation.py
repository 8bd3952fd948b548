"""What each base would change: a logo of what the bases are worth that are there, over a map of all four."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from cislearn.reports.figures.canvas import draw
from cislearn.reports.figures.logo import INVISIBLE, PER_LINE, SIDE, draw_letters, letter_path
from cislearn.reports.palette import LIGHT_AND_DARK, MUTED, RULE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.path import Path

RAISES, LOWERS = LIGHT_AND_DARK["method-0"][0], LIGHT_AND_DARK["method-1"][0]
SHADES = 10
"""Steps from no effect to the largest; one below half a step is left blank."""
LOGO_HEIGHT, MAP_HEIGHT = 0.8, 0.6
"""Of a line, in inches."""
LOW, HIGH = 0.2, 0.8
"""Between which a letter of the reference stands in its cell."""


def saturation_map(effects: Float[np.ndarray, "4 length"], bases: str, *, name: str, first: int = 1) -> str:
    """Draw the effects of all substitutions as an SVG element.

    In the map the cell of the reference has its letter, the others a colour that is the deeper the larger the effect
    is; grey is not known. In the logo a letter of the reference is as tall as its effect less the mean of the four.

    Parameters
    ----------
    effects : ndarray, shape (4, length)
        Of A, C, G and T; 0 for the reference, NaN where not known.
    bases : str
        The reference.
    name : str
        What it shows, in words: of those who do not see it, and unique on the page.
    first : int
        Number of the first position.
    """
    length, reference = effects.shape[1], _one_hot(bases)
    worth = centred(effects, reference)
    n_lines = -(-length // PER_LINE)
    width = -(-length // n_lines)
    largest = float(np.nanmax(np.abs(effects), initial=0.0)) or 1.0
    low, high = min(worth.min(), 0.0), max(worth.max(), 0.0)
    room = 0.04 * (high - low) or 1.0

    def paint(figure: Figure) -> None:
        ratios = [LOGO_HEIGHT, MAP_HEIGHT] * n_lines
        rows = figure.subplots(2 * n_lines, 1, squeeze=False, height_ratios=ratios)[:, 0]
        for number, (above, below) in enumerate(zip(rows[::2], rows[1::2], strict=True)):
            part = slice(number * width, (number + 1) * width)
            start = first + part.start
            draw_letters(above, worth[:, part], start, INVISIBLE * max(high, -low))
            above.set(ylim=(low - room, high + room), xticks=[], ylabel="worth")
            _draw_cells(below, effects[:, part] / largest, reference[:, part], start)
            for axes in (above, below):
                axes.set_xlim(start - 0.5, start + width - 0.5)

    size = (max(1.8, 0.8 + 0.075 * width), 0.3 + (LOGO_HEIGHT + MAP_HEIGHT + 0.2) * n_lines)
    return draw(paint, key="map-" + "".join(c if c.isalnum() else "-" for c in name), alt=name, size=size)


def centred(
    effects: Float[np.ndarray, "4 length"], reference: Bool[np.ndarray, "4 length"]
) -> Float[np.ndarray, "4 length"]:
    """Return what each base of the reference is worth: its effect, 0, less the mean of the four; 0 elsewhere."""
    return np.where(reference, np.nan_to_num(effects - effects.mean(axis=0)), 0.0)


def _one_hot(bases: str) -> Bool[np.ndarray, "4 length"]:
    return np.array([[base == letter for base in bases] for letter in "ACGT"])


def _draw_cells(
    axes: Axes, shares: Float[np.ndarray, "4 length"], reference: Bool[np.ndarray, "4 length"], first: int
) -> None:
    """Draw the map of one line; A is at the top. `shares` of the largest effect lie between -1 and 1."""
    shades = np.nan_to_num(np.round(shares * SHADES)).astype(int)
    for shade in np.unique(shades[shades != 0]):
        colour = RAISES if shade > 0 else LOWERS
        _fill(axes, [_cell(base, first + k) for base, k in np.argwhere(shades == shade)], colour, abs(shade) / SHADES)
    _fill(axes, [_cell(base, first + k) for base, k in np.argwhere(np.isnan(shares))], RULE, 1.0)
    letters = [
        letter_path("ACGT"[base], first + position - 0.5 + SIDE, 3 - base + LOW, HIGH - LOW)
        for base, position in np.argwhere(reference)
    ]
    _fill(axes, letters, MUTED, 1.0)
    axes.set(ylim=(0, 4), yticks=np.arange(4) + 0.5, yticklabels=list("TGCA"))
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="x", integer=True, nbins=6)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")


def _cell(base: int, position: int) -> Path:
    from matplotlib.path import Path

    left, bottom = position - 0.5, 3 - base
    return Path([(left, bottom), (left + 1, bottom), (left + 1, bottom + 1), (left, bottom + 1), (left, bottom)])


def _fill(axes: Axes, paths: Sequence[Path], colour: str, alpha: float) -> None:
    """Fill outlines as one shape, so that a map of a thousand cells is a few shapes."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    if paths:
        axes.add_patch(PathPatch(Path.make_compound_path(*paths), facecolor=colour, alpha=alpha, linewidth=0))
