"""How frequent positives seem to be in the target, held against the sources."""

from __future__ import annotations

from cislearn.reports.adaptation import distance_left, shift_doubts, shift_warnings
from cislearn.reports.blocks import Block, Cell, Column, Section, Table, Text
from cislearn.reports.numbers import decimal, interval
from cislearn.reports.read import ReportData
from cislearn.reports.sections.metric_tables import Styles, method_cell

CAPTION = (
    "Share of positives in the target, estimated without one of its labels, with 95\N{NO-BREAK SPACE}% intervals over "
    "loci{seeds}. From calls: what explains how many windows are called. From probabilities: what makes them "
    "likeliest. Both hold where nothing but the share differs. Distance left: proxy A-distance with the sources' "
    "windows drawn to the share from probabilities; about 0 if that explains how the domains differ.{seen}"
)
CONSEQUENCE = (
    " Making the features of both alike then has a price, and the sources' thresholds and probabilities do not hold in "
    "the target."
)
SEEN = " Last column: what the target's test labels say, which no estimate has seen."
CLEAR = "No share of positives is clearly another than the sources', as far as both estimates tell."


def label_shift_section(data: ReportData, styles: Styles) -> Section | None:
    """Warn where the target's share of positives is clearly another than the sources', and show the estimates."""
    table = data.label_shift
    if table.empty:
        return None
    several, is_seen = len(table["task"].unique()) > 1, bool(table["seen"].notna().any())
    kinds = list(dict.fromkeys(table["told_by"]))
    rows = []
    for (task, method), mine in table.groupby(["task", "method"], sort=False):
        found = mine.set_index("told_by")
        estimates = [
            Cell(decimal(float(row["prevalence"]), 2), interval(float(row["low"]), float(row["high"]), 2))
            for row in (found.loc[kind] for kind in kinds)
        ]
        seen = [Cell(decimal(float(mine["seen"].iloc[0]), 2))] if is_seen else []
        source = Cell(decimal(float(mine["source"].iloc[0]), 2))
        named = [Cell(str(task))] if several else []
        left = distance_left(data, str(method), str(task))
        remains = Cell(decimal(left.value, 2), interval(left.low, left.high, 2))
        rows.append((method_cell(data, str(method), styles), *named, source, *estimates, remains, *seen))
    columns = [Column("Method", is_number=False), *([Column("Task", is_number=False)] if several else [])]
    columns += [Column("Sources", "validation loci"), *(Column(str(data.target), f"from {kind}") for kind in kinds)]
    columns += [Column("Distance left")]
    columns += [Column(str(data.target), "test labels")] if is_seen else []
    caption = CAPTION.format(seeds=" and seeds" if len(data.seeds) > 1 else "", seen=SEEN if is_seen else "")
    told: list[Block] = [Text(warning + CONSEQUENCE, is_warning=True) for warning in shift_warnings(data)]
    told += [Text(doubt) for doubt in shift_doubts(data)]
    table_of_shares = Table(caption, tuple(columns), tuple(rows))
    return Section("label-shift", "The share of positives", (*(told or [Text(CLEAR)]), table_of_shares))
