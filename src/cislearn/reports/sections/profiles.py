"""Profiles: each metric between what knows no sequence and what another experiment gives, and some loci to look at."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cislearn.evaluation.profiles.bounds import between
from cislearn.reports.blocks import Block, Cell, Column, Drawing, Drawings, Section, Table, Text
from cislearn.reports.figures.profiles import bin_width, loci_of, profile_plot
from cislearn.reports.measures import in_order, measure
from cislearn.reports.numbers import DASH, count, decimal, interval, listed
from cislearn.reports.palette import label_of
from cislearn.reports.read import ReportData
from cislearn.reports.sections.metric_tables import Styles, name_of
from cislearn.reports.sections.predictions import MOST_TASKS, title_of

CAPTION = (
    "What a metric lies between. Below: the mean profile of the training loci, or the profile of another locus, "
    "whichever scores better. Above: another replicate, or two halves of the reads, which have half the depth and "
    "agree less than replicates would. The share is how far from the lower bound to the upper one a method comes."
)
LOCI = (
    "Reads observed (grey) and expected by the model (line), the plus strand above the axis and the minus strand "
    "below. The loci are spread from well to badly predicted ones of the first method, and the same for each."
)


def profiles_section(data: ReportData, styles: Styles) -> Section | None:
    """Set the scores of profile tasks between their bounds, and draw the loci that the experiment has set aside."""
    bounded = [task for task in data.tasks if task in set(data.profile_bounds["task"])]
    blocks: list[Block] = [_bounds_table(data, task, styles) for task in bounded]
    drawings = _drawings(data, styles)
    if drawings:
        width = bin_width(data.profiles)
        bins = f" Sums over {count(width)} bases." if width > 1 else ""
        blocks += [Text(LOCI + bins), Drawings(tuple(drawings))]
    return Section("profiles", "Profiles", tuple(blocks)) if blocks else None


def _bounds_table(data: ReportData, task: str, styles: Styles) -> Table:
    """Put metrics down; bounds at the sides and methods between them."""
    here = data.profile_bounds[(data.profile_bounds["part"] == data.main_part) & (data.profile_bounds["task"] == task)]
    scores = data.scores(data.main_part, task).drop_duplicates(["method", "metric"])
    metrics = [metric for metric in in_order(scores["metric"]) if metric in set(here["metric"])]
    smaller = [metric for metric in metrics if not measure(metric).larger_is_better]
    placed = between(scores, here, smaller_is_better=smaller)
    methods = [method for method in data.methods if method in set(scores["method"])]
    rows = []
    for metric in metrics:
        cells = [_score(data, placed, metric, method) for method in methods]
        bounds = [_bound(here, metric, bound, metric in smaller) for bound in ("lower", "upper")]
        rows.append((Cell(measure(metric).heading), bounds[0], *cells, bounds[1]))
    between_them = (Column(label_of(method), style=styles.get(method)) for method in methods)
    columns = (Column("Metric", is_number=False), Column("Lower bound"), *between_them, Column("Upper bound"))
    several = f"{task}. " if len(data.tasks) > 1 else ""
    return Table(f"{several}T{name_of(data, data.main_part)[1:]}. {CAPTION}", columns, tuple(rows))


def _score(data: ReportData, placed: pd.DataFrame, metric: str, method: str) -> Cell:
    """Write an estimate over the share of the way that it has come."""
    found = placed[(placed["metric"] == metric) & (placed["method"] == method)].to_dict("records")
    if not found:
        return Cell(DASH)
    share = float(found[0]["reached"])
    told = "" if np.isnan(share) else f"{decimal(100 * share, 0)}\N{NO-BREAK SPACE}%"
    return Cell(decimal(found[0]["estimate"]), told, stamp=data.stamp(method))


def _bound(bounds: pd.DataFrame, metric: str, bound: str, is_smaller_better: bool) -> Cell:
    """Write the best of the references of one side over its name."""
    found = bounds[(bounds["metric"] == metric) & (bounds["bound"] == bound)].dropna(subset=["estimate"])
    best = found.sort_values("estimate", ascending=is_smaller_better).to_dict("records")
    if not best:
        return Cell(DASH)
    told = interval(best[0]["low"], best[0]["high"])
    return Cell(decimal(best[0]["estimate"]), f"{best[0]['reference']}{f', {told}' if told else ''}")


def _drawings(data: ReportData, styles: Styles) -> list[Drawing]:
    """Draw the loci of each method, for the first few tasks."""
    drawings = []
    width = bin_width(data.profiles)
    for place, task in enumerate(list(dict.fromkeys(data.profiles["task"]))[:MOST_TASKS]):
        for index, method in enumerate(data.methods):
            rows = data.profiles[(data.profiles["task"] == task) & (data.profiles["method"] == method)]
            if rows.empty:
                continue
            loci = loci_of(rows, width)
            title = title_of(data, task, styles[method].label, [method])
            alt = f"Observed and predicted reads of {task}, {title}: {listed([locus.label for locus in loci])}"
            svg = profile_plot(loci, styles[method], key=f"profiles-{place}-{index}", title=title, alt=alt)
            drawings.append(Drawing(svg, ""))
    return drawings
