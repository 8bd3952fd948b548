"""How much the answer depends on the strand that happens to be read."""

from __future__ import annotations

from cislearn.reports.blocks import Cell, Column, Section, Table
from cislearn.reports.numbers import decimal
from cislearn.reports.read import SOURCE, TARGET, ReportData
from cislearn.reports.sections.metric_tables import Styles, method_cell

CAPTION = "Both strands of a window are the same DNA. "
TOLD = {
    "disagreement": "Disagreement: distance of the logits of the two, the mean over test loci and what one in twenty"
    " exceeds",
    "probability_disagreement": "the same of their probabilities",
    "spearman": "rank correlation (Spearman) of their scores",
    "flipped": "flipped: share of the loci that are called otherwise on the other strand",
}
"""What columns say; a profile has the first alone."""
OF_THE_NETWORK = (
    ". These are of the network itself: where it is conjoined or predictions join both strands, it is what the joining"
    " has to even out."
)
SHOWN = {
    "disagreement": Column("Disagreement", "mean"),
    "disagreement_p95": Column("Disagreement", "95 %"),
    "probability_disagreement": Column("Probability", "mean"),
    "probability_disagreement_p95": Column("Probability", "95 %"),
    "spearman": Column("Rank corr."),
    "flipped": Column("Flipped"),
}


def strands_section(data: ReportData, styles: Styles) -> Section | None:
    """Tell for each method and part how far the two strands of a test window disagree."""
    table = data.strands
    if table.empty:
        return None
    means = table.groupby(["task", "method", "part"])[list(SHOWN)].mean()
    shown = [name for name in SHOWN if means[name].notna().any()]  # folders of earlier versions have two of them
    has_tasks = len(set(table["task"])) > 1
    keys = [
        (task, method, part)
        for task in dict.fromkeys(table["task"])
        for method in data.methods
        for part in (SOURCE, TARGET)
        if (task, method, part) in means.index
    ]
    rows = tuple(
        (
            method_cell(data, method, styles),
            *([Cell(task)] if has_tasks else []),
            Cell(part),
            *(Cell(decimal(float(means.loc[(task, method, part), name]))) for name in shown),
        )
        for task, method, part in keys
    )
    names = ["Method", *(["Task"] if has_tasks else []), "Part"]
    columns = (*(Column(name, is_number=False) for name in names), *(SHOWN[name] for name in shown))
    told = CAPTION + "; ".join(TOLD[name] for name in TOLD if name in shown) + OF_THE_NETWORK
    seeds = " Means over seeds." if len(data.seeds) > 1 else ""
    return Section("strands", "The two strands", (Table(told + seeds, columns, rows),))
