"""``promoters.html``: what position and background are worth in every promoter, and some promoters base by base."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from cislearn.explain.file_attributions import FileAttributions
from cislearn.reports.answer import Answer
from cislearn.reports.blocks import Drawing, Drawings, Section
from cislearn.reports.figures.positions import position_figure
from cislearn.reports.numbers import count
from cislearn.reports.sections.attributions import CAVEATS, highest_windows
from cislearn.reports.write import render_page, write_page

PAGE = "promoters.html"
LOGOS = 6
"""Promoters that are drawn base by base."""
CAPTION = (
    "Above: what the bases at a position are worth, the mean over all genes, in log2. Promoters are alike in their"
    " composition along the way to the gene, so this is of position and background and of no motif. It is taken off in"
    " without_position.npz. Below: how far genes differ at that position."
)


def write_promoters_page(
    folder: Path, found: FileAttributions, positions: pd.DataFrame, *, run: str, method: str, under: str
) -> Path:
    """Write the page of attributions and their table of positions (``mean``, ``sd``); return its path.

    Raises
    ------
    UserError
        Where the page cannot be written.
    """
    mean, sd = (positions[name].to_numpy(np.float64) for name in ("mean", "sd"))
    figure = position_figure(mean, sd, name="What positions of promoters are worth, mean and standard deviation")
    whole = float((mean**2 + sd**2).sum())
    share = float((mean**2).sum()) / whole if whole else 0.0
    sentence = f"Position alone makes {100 * share:.1f} % of what bases are worth (of the sum of squares)."
    facts = [("Genes", count(len(found.rows))), ("Method", method.replace("_", " ")), ("Conditions", under)]
    sections = [Section("positions", "Along the promoter", (Drawings((Drawing(figure, CAPTION),), is_wide=True),))]
    logos = highest_windows(folder, LOGOS, what="promoters")
    answer = Answer(sentence, "not compared", (CAVEATS[method],))
    page = render_page(f"Promoters of {run}", answer, facts, [*sections, *([] if logos is None else [logos])])
    return write_page(page, folder, PAGE)
