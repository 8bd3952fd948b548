"""Colours: one a method, the same in every figure and table, on light and on dark paper.

Figures are drawn in the light colours; each then becomes a CSS variable that falls back to it, so that one drawing
follows the reader's scheme and still looks right when it is cut out of the page. Hues follow Okabe and Ito, so that
they differ for colour-blind readers; each method also has a marker and a dash of its own, for print without colour.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

PAPER, INK, MUTED, RULE = "#ffffff", "#1c2126", "#5a646e", "#d3d9df"
LIGHT_AND_DARK = {
    "paper": (PAPER, "#14181c"),
    "ink": (INK, "#e8ebee"),
    "muted": (MUTED, "#a0abb5"),
    "rule": (RULE, "#363e46"),
    "wash": ("#f5f7f8", "#1c2227"),
    "method-0": ("#0072b2", "#5fb4ea"),
    "method-1": ("#c4500c", "#f5905a"),
    "method-2": ("#00795c", "#3fc29c"),
    "method-3": ("#a04f8c", "#dd9bcb"),
    "method-4": ("#8f6600", "#dfb64a"),
    "method-5": ("#66707a", "#b3bdc6"),
    "method-6": ("#7a3030", "#dc9292"),
    "method-7": ("#3d4db0", "#9aa6f2"),
    "method-8": ("#5b7a1d", "#a9cc5f"),
    "method-9": ("#1f7f8c", "#62c3d0"),
}
METHOD_COLOURS = [light for name, (light, _) in LIGHT_AND_DARK.items() if name.startswith("method")]
# Matplotlib's marker, and the same shape about (15, 5) for the key of the page.
MARKERS = [
    ("o", "M11.6 5a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0-6.8 0z"),
    ("s", "M12 2h6v6h-6z"),
    ("^", "M15 1.2l4 7.2h-8z"),
    ("D", "M15 .8l4.2 4.2l-4.2 4.2l-4.2-4.2z"),
    ("v", "M15 8.8l4-7.2h-8z"),
]
DASHES: list[tuple[float, ...]] = [(), (5, 1.6), (1.4, 1.4), (6, 1.6, 1.4, 1.6)]


@dataclass(frozen=True)
class MethodStyle:
    """How one method looks wherever it appears.

    Parameters
    ----------
    method, label : str
        Its name in files and on the page.
    colour : str
        The light hex colour, which `adapt_colours` knows.
    marker, shape : str
        Matplotlib's marker and its outline as SVG.
    dash : tuple of float
        On and off lengths in units of the line width; empty for a solid line.
    """

    method: str
    label: str
    colour: str
    marker: str
    shape: str
    dash: tuple[float, ...]


def method_styles(methods: Sequence[str]) -> dict[str, MethodStyle]:
    """Give each method a style, by its place in the order of the experiment."""
    return {
        method: MethodStyle(
            method,
            label_of(method),
            METHOD_COLOURS[index % len(METHOD_COLOURS)],
            *MARKERS[index % len(MARKERS)],
            DASHES[index % len(DASHES)],
        )
        for index, method in enumerate(methods)
    }


def label_of(method: str) -> str:
    """``source only`` for ``source_only``."""
    return method.replace("_", " ")


def adapt_colours(drawing: str) -> str:
    """Turn every colour of the palette in `drawing` into its CSS variable, the light colour kept as fallback."""
    names = {light: name for name, (light, _) in LIGHT_AND_DARK.items()}
    return re.sub(
        r"#[0-9a-f]{6}\b",
        lambda found: f"var(--{names[found[0]]}, {found[0]})" if found[0] in names else found[0],
        drawing,
    )


def theme_css() -> str:
    """Write the palette as CSS variables; the dark one on screens only, since paper is white."""
    light = "".join(f"--{name}:{pair[0]};" for name, pair in LIGHT_AND_DARK.items())
    dark = "".join(f"--{name}:{pair[1]};" for name, pair in LIGHT_AND_DARK.items())
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
