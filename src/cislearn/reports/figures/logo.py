"""A sequence logo: at each position letters as tall as what each base is worth there, those below zero upside down."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from cislearn.reports.figures.canvas import draw, plain_ticks
from cislearn.reports.palette import INK, LIGHT_AND_DARK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.path import Path

BASE_COLOURS = {
    base: LIGHT_AND_DARK[name][0]
    for base, name in (("A", "method-2"), ("C", "method-0"), ("G", "method-4"), ("T", "method-1"))
}
PER_LINE = 120
"""Positions of a line at most; what is longer is broken into lines of one length and scale."""
SIDE = 0.05
"""What a letter leaves free on either side, in positions."""
INVISIBLE = 0.01
"""Letters lower than this share of the tallest one are left out."""


def logo(
    heights: Float[np.ndarray, "4 length"],
    *,
    name: str,
    key: str | None = None,
    unit: str = "",
    first: int = 0,
    per_line: int = PER_LINE,
    line_height: float = 0.9,
) -> str:
    """Draw a logo as an SVG element; letters of a position stand on each other, the smallest next to the axis.

    Parameters
    ----------
    heights : ndarray, shape (4, length)
        Of A, C, G and T. Negative ones hang below the axis, upside down; zeros are not drawn, so attributions times the
        one-hot window draw the window alone. NaN counts as zero.
    name : str
        What it shows, in words: of those who do not see it, and unique on the page unless there is a `key`.
    key : str, optional
        Unique on the page: letters, digits, hyphens. By default made from `name`.
    unit : str
        Of the heights, beside the axis.
    first : int
        Number of the first position on the axis.
    per_line : int
        Positions of a line at most, so that letters stay readable.
    line_height : float
        In inches.
    """
    heights = np.nan_to_num(np.asarray(heights, np.float64))
    length = heights.shape[1]
    n_lines = -(-length // per_line)
    width = -(-length // n_lines)
    low, high = np.minimum(heights, 0).sum(0).min(), np.maximum(heights, 0).sum(0).max()
    room = 0.04 * (high - low) or 1.0

    def paint(figure: Figure) -> None:
        lines = np.atleast_1d(figure.subplots(n_lines, 1))
        for number, axes in enumerate(lines):
            start = number * width
            draw_letters(axes, heights[:, start : start + width], first + start, INVISIBLE * max(high, -low))
            axes.set(xlim=(first + start - 0.5, first + start + width - 0.5), ylim=(low - room, high + room))
            axes.set_ylabel(unit)

    size = (max(1.6, 0.7 + 0.075 * width), 0.25 + line_height * n_lines)
    return draw(paint, key=key or "logo-" + "".join(c if c.isalnum() else "-" for c in name), alt=name, size=size)


def draw_letters(axes: Axes, heights: Float[np.ndarray, "4 length"], first: int, least: float) -> None:
    """Draw the letters of some positions, from number `first`, that are taller than `least`; see `logo`."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    placed: dict[str, list[Path]] = {base: [] for base in BASE_COLOURS}
    for position, column in enumerate(heights.T):
        edge = {True: 0.0, False: 0.0}  # where the next letter above the axis, and below it, begins
        for base in np.argsort(np.abs(column)):
            height = float(column[base])
            if abs(height) <= least:
                continue
            letter = "ACGT"[base]
            left = first + position - 0.5 + SIDE
            placed[letter].append(_stretched(_glyph(letter), left, edge[height > 0], height))
            edge[height > 0] += height
    for letter, paths in placed.items():
        if paths:
            letters = PathPatch(Path.make_compound_path(*paths), facecolor=BASE_COLOURS[letter], linewidth=0)
            letters.set_gid(f"letters-{letter}")
            axes.add_patch(letters)
    axes.axhline(0, color=INK, linewidth=0.4)
    axes.locator_params(axis="y", nbins=3)
    axes.locator_params(axis="x", integer=True)
    plain_ticks(axes, "y")


@lru_cache(maxsize=4)
def _glyph(letter: str) -> Path:
    """Outline of a letter in the unit square."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.path import Path
    from matplotlib.textpath import TextPath

    outline = TextPath((0, 0), letter, size=1, prop=FontProperties(family="DejaVu Sans", weight="bold"))
    low, high = outline.get_extents().get_points()
    return Path((np.asarray(outline.vertices) - low) / (high - low), outline.codes)


def _stretched(letter: Path, left: float, bottom: float, height: float) -> Path:
    """Return a letter at its place; with a negative height it stands on its head."""
    from matplotlib.path import Path

    vertices = np.asarray(letter.vertices) * (1 - 2 * SIDE, height) + (left, bottom)
    return Path(vertices, letter.codes)
