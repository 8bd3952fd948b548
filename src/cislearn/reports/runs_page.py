"""One page over many runs: a table to sort and to search, with each learning curve and a link to each report."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from cislearn.atomic import file_written_whole
from cislearn.reports.figures.sparkline import sparkline
from cislearn.reports.listing import Listed
from cislearn.reports.numbers import DASH, decimal, in_words, interval, listed
from cislearn.reports.palette import label_of
from cislearn.reports.runs_curves import curves_of_runs
from cislearn.reports.write import fill, sorting


class Line(NamedTuple):
    """A run and what the page shows of it beside."""

    run: Listed
    link: str
    """To its report, from where the page lies; empty where it has none."""
    method: str
    score: str
    around: str
    day: str
    picture: str


def write_runs_page(runs: Sequence[Listed], out: Path, *, title: str) -> Path:
    """Write the page over `runs`, whole or not at all, and give back its path. It fetches nothing from elsewhere."""
    lines = [_line(run, out) for run in runs]
    counts = Counter(run.state for run in runs)
    told = listed([f"{in_words(n)} {state}" for state, n in counts.items()]) or "nothing"
    curves, more = curves_of_runs(runs)
    values = {"title": title, "lines": lines, "told": told, "curves": curves, "more_curves": more}
    with file_written_whole(out) as partial:
        page = fill("runs.html.j2", script=sorting(), **values)
        partial.write_text(page, encoding="utf-8")
    return out


def _line(run: Listed, out: Path) -> Line:
    link = "" if run.report is None else quote(os.path.relpath(run.report, out.parent).replace(os.sep, "/"))
    score = "" if run.state != "finished" else decimal(run.score) if run.score == run.score else DASH
    around, day = interval(run.low, run.high), run.finished[:16].replace("T", " ")
    return Line(run, link, label_of(run.method), score, around, day, sparkline(run.curves))
