"""The page beside attributions: a logo for each of a few windows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cislearn.explain.file_attributions import FileAttributions
from cislearn.reports.answer import Answer
from cislearn.reports.blocks import Drawing, Drawings, Section
from cislearn.reports.figures.logo import logo
from cislearn.reports.numbers import count, decimal
from cislearn.reports.write import render_page, write_page

PAGE = "attributions.html"
LOGOS = 12
"""Windows that are drawn, unless somebody says how many."""
CAVEATS = {
    "gradient_x_input": "A gradient is what a small change would do: where several motifs saturate the model it is near"
    " zero under all of them.",
    "saliency": "Sizes of gradients have no sign: a base that speaks against looks like one that speaks for.",
    "integrated_gradients": "Heights say what a base is worth against the reference, and another reference gives other"
    " heights.",
    "deep_lift": "Heights say what a base is worth against the references, and other references give other heights.",
    "occlusion": "A window without a base was never seen in training, and of two motifs that do the same neither is"
    " missed.",
    "mutagenesis": "One base is changed at a time: of two motifs that do the same neither is missed.",
}


def write_attributions_page(folder: Path, found: FileAttributions, about: Mapping[str, Any], n: int = LOGOS) -> Path:
    """Write ``attributions.html`` beside attributions; give back its path.

    Parameters
    ----------
    folder : Path
        Of the attributions.
    found : FileAttributions
        What they are.
    about : mapping
        What ``attributions.json`` says: method, task, of and more.
    n : int
        Windows that are drawn: those of the highest outputs, in that order.

    Raises
    ------
    UserError
        Where the page cannot be written.
    """
    section = highest_windows(found, n)
    method = str(about["method"])
    what = f"{about['of']} of {about['task']}" if about["of"] else str(about["task"])
    sentence = f"What each base is worth for {what}, by {method.replace('_', ' ')}."
    facts = [(name.replace("_", " "), str(value)) for name, value in about.items() if value not in (None, "")]
    answer = Answer(sentence, "not compared", (CAVEATS[method],))
    return write_page(render_page(folder.name, answer, facts, [] if section is None else [section]), folder, PAGE)


def highest_windows(found: FileAttributions, n: int, *, what: str = "windows") -> Section | None:
    """Return a section with logos of the `n` windows of the highest outputs, in that order; None without any."""
    outputs = found.rows["output"].where(found.is_attributed).to_numpy(float)
    chosen = np.argsort(-np.nan_to_num(outputs, nan=-np.inf), kind="stable")[: min(n, int(found.is_attributed.sum()))]
    drawings = tuple(_drawing(found, int(row)) for row in chosen)
    title = f"The {count(len(chosen))} {what} of the highest output"
    return Section("windows", title, (Drawings(drawings, is_wide=True),)) if drawings else None


def _drawing(found: FileAttributions, row: int) -> Drawing:
    told = found.rows.iloc[row]
    name = str(told["name"]) or f"row {row}"
    place = f", {found.chrom[row]}:{found.start[row]:,} ({told['strand']})" if found.start[row] >= 0 else ""
    note = f"; {told['note']}" if told["note"] else ""
    svg = logo(found.projected[row], name=f"Attributions of {name}", key=f"window-{row}", unit="output")
    return Drawing(svg, f"{name}{place}: {decimal(float(told['output']))}{note}")
