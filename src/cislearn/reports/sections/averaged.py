"""The seeds of each method as one model, which is what predictions are made with."""

from __future__ import annotations

from cislearn.reports.blocks import Column, Section, Table
from cislearn.reports.measures import in_order, measure
from cislearn.reports.numbers import in_words
from cislearn.reports.read import ReportData
from cislearn.reports.sections.metric_tables import Styles, estimate_cell, method_cell, name_of

CAPTION = (
    "The mean of the logits over {seeds} seeds as one model, on {part}: what `predict` gives and `load_model` loads. "
    "{chosen}Intervals are over loci; the tables above are of single seeds."
)
CHOSEN = "Threshold and temperature are its own, chosen on validation loci. "


def averaged_section(data: ReportData, styles: Styles) -> Section | None:
    """Show what each method reaches when its seeds are averaged, on the part that counts; a table for each task."""
    scores = data.averaged[data.averaged["part"] == data.main_part]
    if scores.empty:
        return None
    tables = []
    for task in data.tasks:
        mine = scores[scores["task"] == task]
        is_profile = data.kind(task) == "profile"  # its further metrics are many, and say little more
        metrics = [each for each in in_order(mine["metric"]) if not (is_profile and measure(each).is_further)]
        rows = [
            (method_cell(data, method, styles), *(estimate_cell(data, here, metric) for metric in metrics))
            for method in data.methods
            if len(here := mine[mine["method"] == method].set_index("metric"))
        ]
        columns = (Column("Method", is_number=False), *(Column(measure(metric).heading) for metric in metrics))
        part, chosen = name_of(data, data.main_part), "" if is_profile else CHOSEN
        caption = CAPTION.format(seeds=in_words(len(data.seeds)), part=part, chosen=chosen)
        title = f"{task}, seeds averaged" if len(data.tasks) > 1 else ""
        tables.append(Table(caption, columns, tuple(tuple(row) for row in rows), title=title))
    return Section("averaged", "The seeds averaged", tuple(table for table in tables if table.rows))
