"""How much the answer depends on the strand that happens to be read."""

from __future__ import annotations

from cislearn.reports.blocks import Cell, Column, Section, Table
from cislearn.reports.numbers import DASH, decimal
from cislearn.reports.read import SOURCE, TARGET, ReportData
from cislearn.reports.sections.metric_tables import Styles, method_cell

CAPTION = (
    "Both strands of a window are the same DNA. Disagreement: mean distance of the logits of the two on test loci; "
    "flipped: share of the loci that are called otherwise on the other strand. These are of the network itself: where "
    "predictions are the mean over both strands, it is what the mean has to even out."
)


def strands_section(data: ReportData, styles: Styles) -> Section | None:
    """Tell for each method how far the two strands of a test window disagree."""
    table = data.strands
    if table.empty:
        return None
    several = len(table["task"].unique()) > 1
    parts = [part for part in (SOURCE, TARGET) if part in set(table["part"])]
    means = table.groupby(["task", "method", "part"])[["disagreement", "flipped"]].mean()
    rows = []
    for task in dict.fromkeys(table["task"]):
        for method in data.methods:
            keys = [(task, method, part) for part in parts]
            if any(key in means.index for key in keys):
                numbers = [
                    Cell(decimal(float(means.loc[key, column])) if key in means.index else DASH)
                    for column in ("disagreement", "flipped")
                    for key in keys
                ]
                rows.append((method_cell(data, method, styles), *([Cell(task)] if several else []), *numbers))
    columns = [Column("Method", is_number=False), *([Column("Task", is_number=False)] if several else [])]
    columns += [Column(name, part.split()[0]) for name in ("Disagreement", "Flipped") for part in parts]
    seeds = " Means over seeds." if len(data.seeds) > 1 else ""
    return Section("strands", "The two strands", (Table(CAPTION + seeds, tuple(columns), tuple(rows)),))
