"""The page beside attributions: a logo for each of a few windows."""

from __future__ import annotations

from pathlib import Path

from cislearn.explain.write import RECORD
from cislearn.reports.answer import Answer
from cislearn.reports.files import read_json
from cislearn.reports.sections.attributions import CAVEATS, highest_windows
from cislearn.reports.write import render_page, write_page

PAGE = "attributions.html"
LOGOS = 12
"""Windows that are drawn, unless somebody says how many."""
UNTOLD = {"format", "cislearn", "tangermeme", "weights"}
"""What the record says for other programs alone."""


def write_attributions_page(folder: Path, n: int = LOGOS) -> Path:
    """Write ``attributions.html`` into a folder of attributions; give back its path.

    Parameters
    ----------
    folder : Path
        As `write_attributions` wrote it.
    n : int
        Windows that are drawn: those of the highest outputs, in that order.

    Raises
    ------
    UserError
        Where the folder holds none, or the page cannot be written.
    """
    about = read_json(folder / RECORD)
    section = highest_windows(folder, n)
    method = str(about["method"])
    what = f"{about['of']} of {about['task']}" if about["of"] else str(about["task"])
    sentence = f"What each base is worth for {what}, by {method.replace('_', ' ')}."
    told = {name: value for name, value in about.items() if name not in UNTOLD and value not in (None, "")}
    facts = [(name.replace("_", " "), str(value)) for name, value in told.items()]
    answer = Answer(sentence, "not compared", (CAVEATS[method],))
    return write_page(render_page(folder.name, answer, facts, [] if section is None else [section]), folder, PAGE)
