"""A learning curve the height of a line of text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from cislearn.reports.numbers import count, decimal, in_words

WIDTH, HEIGHT, EDGE = 120, 28, 3


def sparkline(curves: Sequence[Float[np.ndarray, "n 2"]]) -> str:
    """Draw validation scores by step, a line a seed, on the range of these alone; nothing where there are none."""
    curves = [curve[np.isfinite(curve).all(axis=1)] for curve in curves]
    curves = [curve for curve in curves if len(curve)]
    if not curves:
        return ""
    together = np.concatenate(curves)
    low, high = together.min(axis=0), together.max(axis=0)
    low[0] = min(low[0], 0)
    span = np.where(high > low, high - low, 1)
    lines = []
    for curve in curves:
        x, y = ((curve - low) / span * (WIDTH - 2 * EDGE, HEIGHT - 2 * EDGE)).T
        points = " ".join(f"{EDGE + a:.1f},{HEIGHT - EDGE - b:.1f}" for a, b in zip(x, y, strict=True))
        lines.append(f'<polyline points="{points}"></polyline>')
        lines.append(f'<circle cx="{EDGE + x[-1]:.1f}" cy="{HEIGHT - EDGE - y[-1]:.1f}" r="1.8"></circle>')
    seeds = "one seed" if len(curves) == 1 else f"{in_words(len(curves))} seeds"
    told = f"Validation score of {seeds} between {decimal(low[1])} and {decimal(high[1])}, to step {count(high[0])}"
    return f'<svg class="spark" role="img" aria-label="{told}" viewBox="0 0 {WIDTH} {HEIGHT}">{"".join(lines)}</svg>'
