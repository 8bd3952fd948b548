"""Whether probabilities mean what they say, on the sources and where it counts, on the target."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cislearn.reports.blocks import Block, Cell, Column, Drawing, Drawings, Section, Table, Text
from cislearn.reports.curves import reliability_bins
from cislearn.reports.figures.performance import reliability_plot
from cislearn.reports.numbers import decimal, listed
from cislearn.reports.palette import label_of
from cislearn.reports.read import SOURCE, TARGET, ReportData
from cislearn.reports.sections.metric_tables import Styles, estimate_cell, method_cell, name_of
from cislearn.reports.sections.predictions import MOST_TASKS, title_of

ERROR = "calibration_error"
INTRODUCTION = (
    "Loci are sorted by their predicted probability, the mean over seeds, into bins of equal count. On the dashed line "
    "as many of them are positive as was predicted, below it fewer. Bars: 95\N{NO-BREAK SPACE}% intervals of the "
    "share. Temperatures are fitted on validation loci whose labels the method may see; whether the "
    "probabilities hold in another domain is what the second figure is for."
)
AS_THEY_ARE = " No temperature was fitted: logits are taken as they are."
CAPTION = (
    "Calibration error: root mean square distance of probability and observed share, less what chance alone gives. "
    "Temperature: what logits are divided by; above 1, the model was too sure of itself on validation loci."
)


def calibration_section(data: ReportData, styles: Styles) -> Section | None:
    """Draw reliability curves of source and target side by side, and tell temperatures and calibration errors."""
    binary = [task for task in data.tasks if data.kind(task) == "binary"]
    drawings = [
        drawing
        for index, task in enumerate(binary[:MOST_TASKS])
        for part in (SOURCE, TARGET)
        for drawing in _drawing(data, task, part, f"reliability-{index}-{part.split()[0]}", styles)
    ]
    if not drawings:
        return None
    has_temperatures = any(run.info.get("temperatures") for run in data.runs)
    key = tuple(styles[method] for method in data.methods if data.runs_of(method))
    blocks: list[Block] = [
        Text(INTRODUCTION + ("" if has_temperatures else AS_THEY_ARE)),
        Drawings(tuple(drawings), key=key),
        *_table(data, binary, styles, has_temperatures=has_temperatures),
    ]
    return Section("calibration", "Calibration", tuple(blocks))


def _drawing(data: ReportData, task: str, part: str, key: str, styles: Styles) -> list[Drawing]:
    """Draw the reliability curves of one task on one part; nothing where no row has a label."""
    bins = reliability_bins(data, task, part)
    if not bins:
        return []
    title = title_of(data, task, part.split()[0].capitalize(), list(bins))
    told = [
        f"{label_of(method)} {_ends(table['observed'])} where it predicts {_ends(table['predicted'])}"
        for method, table in bins.items()
    ]
    alt = f"Observed share of positives against predicted probability on {name_of(data, part)}, {title}, ends: "
    svg = reliability_plot(bins, styles, key=key, title=title, alt=alt + "; ".join(told))
    return [Drawing(svg, f"T{name_of(data, part)[1:]}; dashed: observed as predicted.")]


def _ends(values: pd.Series) -> str:
    """The lowest and the highest bin: ``.02 and .97``."""
    return listed([decimal(float(value), 2) for value in (values.iloc[0], values.iloc[-1])])


def _table(data: ReportData, tasks: list[str], styles: Styles, *, has_temperatures: bool) -> list[Table]:
    """Put methods down (and tasks, where there are several); temperature and calibration error of each part across."""
    parts = [part for part in (SOURCE, TARGET) if not data.scores(part, metric=ERROR).empty]
    if not parts and not has_temperatures:
        return []
    rows = []
    for task in tasks:
        for method in data.methods:
            runs = data.runs_of(method)
            if runs:
                temperature = float(np.mean([run.temperature(task) for run in runs]))
                errors = [_errors(data, part, task, method) for part in parts]
                row = [method_cell(data, method, styles), *([Cell(task)] if len(tasks) > 1 else [])]
                row += [Cell(decimal(temperature, 2))] if has_temperatures else []
                rows.append((*row, *(estimate_cell(data, here, ERROR) for here in errors)))
    columns = [Column("Method", is_number=False), *([Column("Task", is_number=False)] if len(tasks) > 1 else [])]
    columns += [Column("Temperature", "mean over seeds" if len(data.seeds) > 1 else "")] if has_temperatures else []
    columns += [Column("Calibration error", part.split()[0]) for part in parts]
    return [Table(CAPTION, tuple(columns), tuple(rows))]


def _errors(data: ReportData, part: str, task: str, method: str) -> pd.DataFrame:
    """Give the calibration error of a method on one part, as a table of one row by its metric."""
    scores = data.scores(part, task, ERROR)
    return scores[scores["method"] == method].set_index("metric")
