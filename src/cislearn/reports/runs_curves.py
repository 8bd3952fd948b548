"""Curves of label efficiency over many experiments: one drawing for those that differ only in the labels seen."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from cislearn.reports.blocks import Drawings
from cislearn.reports.listing import Listed
from cislearn.reports.palette import method_styles
from cislearn.reports.sections.label_efficiency import curve_drawing

MOST = 12
COLUMNS = [
    "alike", "task", "metric", "data", "encoder", "on", "method", "other_labels", "share", "estimate", "low", "high",
    "finished",
]  # fmt: skip


def curves_of_runs(runs: Sequence[Listed]) -> tuple[Drawings | None, int]:
    """Return a drawing for each set of experiments that are alike, and how many more there would be.

    A set is drawn where some method stands in it at two shares or more. Of a method that is there twice at one share
    the one finished last is taken.
    """
    sets = [rows for _, rows in _table(runs).groupby(["alike", "task", "metric"], sort=False)]
    # A method stands once at each share, so that one that is there twice stands at two.
    sets = [rows for rows in sets if rows["method"].duplicated().any()]
    if not sets:
        return None, 0
    shown = sets[:MOST]
    styles = method_styles(list(dict.fromkeys(name for rows in shown for name in rows["method"])))
    drawings = []
    for number, rows in enumerate(shown):
        about, others = rows.iloc[0], rows["other_labels"]  # where a method saw labels of the target alone it has none
        told = [*about[["data", "encoder", "task", "on"]], max(others)]
        title = ", ".join(dict.fromkeys(text for text in told if text))
        drawings.append(curve_drawing(title, rows, styles, about["metric"], key=f"labels-{number}"))
    return Drawings(tuple(drawings), key=tuple(styles.values())), len(sets) - len(shown)


def _table(runs: Sequence[Listed]) -> pd.DataFrame:
    """A row for each line with a score, of the newest of each method and share."""
    rows = [
        (
            run.alike, run.task, run.metric, run.data, run.encoder, run.on, run.method, run.other_labels, run.share,
            run.score, run.low, run.high, run.finished,
        )
        for run in runs
        if run.state == "finished" and run.alike and run.score == run.score
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=COLUMNS).sort_values("finished", ascending=False, kind="stable")
    return table.drop_duplicates(["alike", "task", "metric", "method", "share"]).reset_index(drop=True)
