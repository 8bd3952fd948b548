"""The comparison: every method side by side, with intervals, in tables and dot plots."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from cislearn.reports.blocks import Block, Drawing, Drawings, Facts, Section, Text
from cislearn.reports.curves import domains_of
from cislearn.reports.figures.dots import Dot, dot_plot, shows_seeds
from cislearn.reports.measures import measure
from cislearn.reports.numbers import decimal, interval, listed, signed
from cislearn.reports.palette import label_of
from cislearn.reports.read import SOURCE, TARGET, ReportData
from cislearn.reports.sections.metric_tables import Styles, contrasts_on, metric_tables, name_of

MOST_ROWS = 40
MOST_TOLD = 8
# AUPRC over the prevalence looks as AUPRC does.
NOT_DRAWN = {"lift"}


def comparison_section(data: ReportData, styles: Styles) -> Section:
    """Show tables for the part that counts, its dot plots, then the other part for orientation."""
    parts = [part for part in (TARGET, SOURCE) if data.scores(part)["estimate"].notna().any()]
    blocks: list[Block] = []
    for part in parts:
        first, *rest = metric_tables(data, part, styles)
        has_intervals = data.scores(part)["low"].notna().any()
        plots = _dot_plots(data, part, styles) if part == data.main_part and has_intervals else []
        blocks += [first, *plots, *rest]
    if data.no_simple:
        told = [f"{label_of(name)} ({reason})" for name, reason in data.no_simple.items()]
        blocks.append(Text(f"Simple models that are not here: {'; '.join(told)}."))
    blocks.append(Facts(tuple(_meanings(data)), title="What the metrics say"))
    return Section("comparison", "Comparison", tuple(blocks))


def _meanings(data: ReportData) -> list[tuple[str, str]]:
    """Explain each metric of the tables in a line."""
    metrics = dict.fromkeys(metric for task in data.tasks for metric in data.metrics_of(task))
    return [(measure(metric).heading, measure(metric).meaning) for metric in metrics if measure(metric).meaning]


def _dot_plots(data: ReportData, part: str, styles: Styles) -> list[Block]:
    """Draw the metric that counts, the differences in it, and as many further metrics as fill the row below."""
    metrics = dict.fromkeys(metric for task in data.tasks for metric in data.metrics_of(task))
    first, *rest = (metric for metric in metrics if metric not in NOT_DRAWN)
    dots = _dots(data, part, first, styles)
    drawings = [_estimates(data, part, first, dots)]
    if first in set(contrasts_on(data, part)["metric"]):
        drawings.append(_differences(data, first, styles))
    drawings += [_estimates(data, part, metric, _dots(data, part, metric, styles)) for metric in rest[: len(drawings)]]
    seeds = "; open circles: each seed" if shows_seeds(dots) else ""
    text = f"Marker: estimate; bar: 95\N{NO-BREAK SPACE}% interval{seeds}."
    if len(data.scores(part, metric=first)) > MOST_ROWS:
        text += f" The first {MOST_ROWS} rows are drawn."
    return [Text(text), Drawings(tuple(drawings), key=tuple(styles[name] for name in data.methods))]


def _dots(data: ReportData, part: str, metric: str, styles: Styles) -> list[Dot]:
    """Make a dot of each estimate of one metric, by task and domain where there are several."""
    scores = data.scores(part, metric=metric)
    scores = scores[scores["estimate"].notna()]
    grouped = [column for column in ("task", "domain") if len(scores[column].unique()) > 1]
    order = scores.sort_values(grouped, kind="stable") if grouped else scores
    return [
        Dot(
            ", ".join(str(row[column]) for column in grouped) or label_of(row["method"]),
            styles[row["method"]], row["estimate"], row["low"], row["high"], _seeds(data, row),
        )
        for row in order.to_dict("records")[:MOST_ROWS]
    ]  # fmt: skip


def _estimates(data: ReportData, part: str, metric: str, dots: Sequence[Dot]) -> Drawing:
    """Draw the estimates of one metric."""
    scores = data.scores(part, metric=metric).dropna(subset="estimate")
    shares = list(scores["prevalence"].dropna().unique()) if metric == "auprc" else []
    label = measure(metric).heading + _stamp(data, scores)
    told = [f"{_who(dot)} {decimal(dot.estimate, 2)} ({interval(dot.low, dot.high, 2)})" for dot in dots[:MOST_TOLD]]
    svg = dot_plot(
        dots,
        key=f"dots-{'-'.join(metric.split('_'))}",
        title=label,
        alt=f"{label} on {name_of(data, part)}: {'; '.join(told)}",
        reference=float(shares[0]) if len(shares) == 1 else None,
        reference_label="dashed: prevalence",
    )
    return Drawing(svg, "")


def _who(dot: Dot) -> str:
    """Name the method of a dot, and its row where that is another name."""
    return dot.style.label if dot.label == dot.style.label else f"{dot.label}, {dot.style.label}"


def _differences(data: ReportData, metric: str, styles: Styles) -> Drawing:
    """Draw the differences to the baseline with the line of no difference."""
    rows = data.comparison[data.comparison["metric"] == metric]
    several = len(rows["task"].unique()) > 1
    dots = [
        Dot(
            row["task"] if several else label_of(row["method"]),
            styles[row["method"]], row["difference"], row["low"], row["high"],
        )
        for row in rows.to_dict("records")[:MOST_ROWS]
    ]  # fmt: skip
    baseline = listed([label_of(name) for name in dict.fromkeys(rows["baseline"])])
    label = f"{measure(metric).heading}, difference to {baseline}{_stamp(data, rows)}"
    told = [f"{_who(dot)} {signed(dot.estimate)} ({interval(dot.low, dot.high)})" for dot in dots[:MOST_TOLD]]
    svg = dot_plot(
        dots,
        key="dots-difference",
        title=label,
        alt=f"{label}: {'; '.join(told)}",
        reference=0,
        reference_label="dashed: no difference",
    )
    return Drawing(svg, "Paired on the same loci; the interval is over clusters of loci and seeds together.")


def _stamp(data: ReportData, rows: pd.DataFrame) -> str:
    """Give `` [oracle]`` where it holds for any method of `rows`."""
    return next((f" [{data.stamp(method)}]" for method in rows["method"] if data.stamp(method)), "")


def _seeds(data: ReportData, row: dict) -> list[float]:
    """Score each seed that a row of the summary is the mean of; nothing where there is one seed only."""
    if len(data.seeds) == 1:
        return []
    pooled = domains_of(data, row["part"])
    domains = [row["domain"]] if row["domain"] in pooled else pooled
    found = [run.scores(row["task"], domains).get(row["metric"]) for run in data.runs_of(row["method"])]
    return [score for score in found if score is not None]
