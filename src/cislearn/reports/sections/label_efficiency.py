"""Scores against the share of the target's labels that training saw, where the methods differ in it."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from cislearn.reports.blocks import Block, Drawing, Drawings, Section, Text
from cislearn.reports.figures.label_efficiency import label_efficiency_plot
from cislearn.reports.label_share import label_share
from cislearn.reports.left_out import LeftOut
from cislearn.reports.measures import measure
from cislearn.reports.numbers import decimal, interval, listed
from cislearn.reports.palette import MethodStyle, label_of
from cislearn.reports.read import ReportData
from cislearn.reports.sections.metric_tables import Styles
from cislearn.reports.sections.predictions import MOST_TASKS

INTRODUCTION = (
    "Each trained method at the share of {whose} labels that its training saw. Marker: mean over seeds; bar: "
    "95\N{NO-BREAK SPACE}% interval over clusters of loci and seeds together. Methods may differ in more than their "
    "labels; paired differences stand in the tables."
)


def label_efficiency_section(data: ReportData, styles: Styles) -> Section | None:
    """Draw the scores on the part that counts, a panel a task; None where all methods saw the same share."""
    trained = {run.method for run in data.runs}
    rows = data.scores(data.main_part)
    rows = rows[rows["method"].isin(trained)]
    metrics = {task: data.metrics_of(task)[0] for task in data.tasks}
    stamp = next((data.stamp(method) for method in data.methods if data.stamp(method)), "")
    return _section(rows, metrics, styles, stamp, has_target=data.target is not None)


def label_efficiency_of_left_out(left_out: LeftOut, styles: Styles) -> Section | None:
    """Draw the means over the domains that were left out in turn, each of which is the target in its turn."""
    rows = left_out.means[left_out.means["method"].isin(left_out.trained)]
    metrics = {task: left_out.metrics_of(task)[0] for task in left_out.tasks}
    return _section(rows, metrics, styles, left_out.stamp, has_target=True)


def _section(
    rows: pd.DataFrame, metrics: Mapping[str, str], styles: Styles, stamp: str, *, has_target: bool
) -> Section | None:
    rows = rows[rows["metric"] == rows["task"].map(metrics)]
    rows = rows.assign(share=[label_share(protocol, has_target=has_target) for protocol in rows["protocol"]])
    known = rows[rows["estimate"].notna()]
    if known["share"].nunique() < 2:
        return None
    key = tuple(style for method, style in styles.items() if method in set(known["method"]))
    panels = list(known.groupby(["task", "domain"], sort=False))
    several = len(panels) > 1
    drawings = []
    for number, ((task, domain), mine) in enumerate(panels[:MOST_TASKS]):
        metric = measure(metrics[str(task)]).heading + (f" [{stamp}]" if stamp else "")
        title = f"{task}, {domain}" if several else str(domain)
        drawings.append(curve_drawing(title, mine, styles, metric, key=f"label-efficiency-{number}"))
    text = INTRODUCTION.format(whose="the target's" if has_target else "the")
    if len(panels) > MOST_TASKS:
        text += f" The first {MOST_TASKS} of {len(panels)} panels are drawn."
    absent = rows[rows["estimate"].isna()]
    if len(absent):
        names = [f"{label_of(row['method'])} ({row['task']})" for row in absent.to_dict("records")]
        text += f" Left out, since they have no score there: {listed(names)}."
    blocks: tuple[Block, ...] = (Text(text), Drawings(tuple(drawings), key=key))
    return Section("label-efficiency", "Score by the share of the labels", blocks)


def curve_drawing(
    title: str, scores: pd.DataFrame, styles: Mapping[str, MethodStyle], metric: str, *, key: str
) -> Drawing:
    """Draw one panel of `label_efficiency`, with its points in words for those who do not see it."""
    told = [
        f"{label_of(row['method'])} at {row['share']:g} % {_estimate(row)}"
        for row in scores.sort_values("share", kind="stable").to_dict("records")
    ]
    alt = f"{metric} by the share of the labels, {title}: {'; '.join(told)}"
    return Drawing(label_efficiency_plot(title, scores, styles, metric, key=key, alt=alt), "")


def _estimate(row: dict) -> str:
    around = interval(row["low"], row["high"])
    return decimal(row["estimate"]) + (f" ({around})" if around else "")
