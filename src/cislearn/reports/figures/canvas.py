"""From Matplotlib to an SVG element that can stand in an HTML page beside others.

Letters are paths, so that a figure looks alike everywhere; colours are CSS variables, so that it follows light and
dark; names within it are made unique; nothing in it points to an address.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

from cislearn.reports.palette import INK, MUTED, RULE, MethodStyle, adapt_colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (3.9, 2.9)
STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.labelsize": 8.5,
    "axes.titlesize": 8.5,
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
    "svg.fonttype": "path",
    # A method may be called `a$b$`; that is a name, not mathematics.
    "text.parse_math": False,
}


def draw(paint: Callable[[Figure], None], *, key: str, alt: str, size: tuple[float, float] = SIZE) -> str:
    """Draw a figure and give it as an inline SVG element.

    Parameters
    ----------
    paint : callable
        Draws on an empty Matplotlib figure.
    key : str
        Unique on the page: letters, digits, hyphens. It keeps the names inside apart from those of other drawings.
    alt : str
        What the figure shows, for those who do not see it.
    size : (float, float)
        Width and height in inches.
    """
    return _as_element(document(paint, key=key, size=size), key, alt)


def document(
    paint: Callable[[Figure], None], *, key: str, size: tuple[float, float] = SIZE, background: str = "none"
) -> str:
    """Draw a figure and give it as an SVG document of its own; takes what `draw` does, and the colour behind it."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    stream = io.StringIO()
    settings: Any = STYLE | {"svg.hashsalt": key}
    with mpl.rc_context(settings):
        figure = Figure(figsize=size, layout="constrained")
        paint(figure)
        figure.savefig(
            stream, format="svg", transparent=background == "none", facecolor=background, metadata={"Date": None}
        )
    return stream.getvalue()


def _as_element(document: str, key: str, alt: str) -> str:
    """Cut the SVG element out of its document; rename, recolour and name it."""
    view = re.search(r'viewBox="([^"]+)"', document)
    body = document[document.index(">", document.index("<svg")) + 1 : document.rindex("</svg>")]
    body = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<style.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="', f'id="{key}-', body)
    body = re.sub(r'(?:xlink:)?href="#', f'href="#{key}-', body)
    body = re.sub(r"url\(#", f"url(#{key}-", body)
    body = re.sub(r"\s*\n\s*", "\n", body)
    box = view[1] if view else "0 0 1 1"
    return f'<svg class="plot" role="img" aria-label="{escape(alt)}" viewBox="{box}">{adapt_colours(body)}</svg>'


def line_style(style: MethodStyle) -> tuple[float, tuple[float, ...] | None]:
    """Give the dash of a method as Matplotlib takes it."""
    return (0, style.dash or None)


def rule(axes: Axes, *, x: float | None = None, y: float | None = None, label: str = "") -> None:
    """Draw a thin reference line (chance, prevalence, no difference) with its name beside it."""
    if x is not None:
        axes.axvline(x, color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)
    if y is not None:
        axes.axhline(y, color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)
        low, high = axes.get_ylim()
        has_room_below = (y - low) > 0.1 * (high - low)
        axes.annotate(
            label, (0, y), xycoords=("axes fraction", "data"), xytext=(4, -3 if has_room_below else 3),
            textcoords="offset points", ha="left", va="top" if has_room_below else "bottom", color=MUTED, fontsize=7.5,
        )  # fmt: skip


def grid(axes: Axes, axis: str = "both") -> None:
    """Hairlines behind the data."""
    axes.grid(visible=True, axis=axis, color=RULE, linewidth=0.5)  # type: ignore[arg-type]
    axes.set_axisbelow(True)


def plain_ticks(axes: Axes, axis: str = "both") -> None:
    """Write tick labels as the tables write numbers: ``.25``, ``1``, a true minus."""
    for side in (axes.xaxis, axes.yaxis) if axis == "both" else (getattr(axes, f"{axis}axis"),):
        side.set_major_formatter(lambda value, _: tick(value))


def tick(value: float) -> str:
    """Write one tick label, without the noise of floating point."""
    text = f"{abs(value):.6g}"
    return ("\N{MINUS SIGN}" if value < 0 and float(text) else "") + (text[1:] if text.startswith("0.") else text)
