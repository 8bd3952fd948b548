"""Tables of estimates with their intervals: methods by metrics for one task, tasks by methods for several."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from cislearn.reports.blocks import Cell, Column, Table
from cislearn.reports.measures import measure, primary
from cislearn.reports.numbers import DASH, count, decimal, interval, listed, signed
from cislearn.reports.palette import MethodStyle, label_of
from cislearn.reports.read import TARGET, ReportData

Styles = dict[str, MethodStyle]
OPEN_METRICS = 2


def metric_tables(data: ReportData, part: str, styles: Styles) -> list[Table]:
    """Make tables for one task: estimates, further metrics, further differences; for several tasks, one a metric.

    With several tasks, all but the metric that counts and the one after it stand behind a click.
    """
    if len(data.tasks) == 1:
        task = data.tasks[0]
        return [
            _table_of_one_task(data, part, task, styles),
            *([_further_metrics(data, part, task, styles)] if _further(data, task) else []),
            *_further_differences(data, part, task, styles),
        ]
    metrics = dict.fromkeys(metric for task in data.tasks for metric in data.metrics_of(task))
    tables = [_table_over_tasks(data, part, metric, styles) for metric in metrics]
    named = zip(tables[OPEN_METRICS:], list(metrics)[OPEN_METRICS:], strict=True)
    return [*tables[:OPEN_METRICS], *(replace(table, title=measure(metric).heading) for table, metric in named)]


def name_of(data: ReportData, part: str) -> str:
    """Name the rows of `part`: ``test loci of hep`` or ``test loci of the source``."""
    return f"test loci of {data.target if part == TARGET else 'the source'}"


def method_cell(data: ReportData, method: str, styles: Styles) -> Cell:
    """Name a method in its colour, and mark one that has seen target labels."""
    stamp = "target labels seen" if data.sees_target(method) else ""
    return Cell(label_of(method), style=styles.get(method), stamp=stamp)


def contrasts_on(data: ReportData, part: str) -> pd.DataFrame:
    """Give the comparison on the part that counts, which is the one it was made on; nothing on the other."""
    return data.comparison if part == data.main_part else data.comparison.iloc[:0]


def _table_of_one_task(data: ReportData, part: str, task: str, styles: Styles) -> Table:
    """Put methods down (for each domain, where there are several) and metrics across, the difference beside the first.

    One column of differences; those in other metrics would crowd the table and have one of their own.
    """
    scores, contrasts = data.scores(part, task), contrasts_on(data, part)
    first, *others = (metric for metric in data.metrics_of(task) if not measure(metric).is_further)
    is_contrasted = first in set(contrasts["metric"])
    with_spread = len(data.seeds) > 1 and not _further(data, task)
    shares = list(scores["prevalence"].dropna().unique())
    rows = []
    for names, here in _rows_of(data, scores, styles):
        row = [*names, estimate_cell(data, here, first)]
        row += [_contrast(data, contrasts, here["method"].iloc[0], task, first)] if is_contrasted else []
        row += [estimate_cell(data, here, metric) for metric in others]
        row += [Cell(decimal(here["prevalence"].max(), 2))] if len(shares) > 1 else []
        row += [_spread(data, here, first)] if with_spread else []
        rows.append(tuple(row))
    columns = [*_heads_of(scores), Column(measure(first).heading, _head_note(first, shares))]
    columns += [Column("Difference", f"to {_baselines(contrasts)}")] if is_contrasted else []
    columns += [Column(measure(metric).heading, _head_note(metric, shares)) for metric in others]
    columns += [Column("Prevalence")] if len(shares) > 1 else []
    columns += [_spread_head(first)] if with_spread else []
    return Table(_caption(data, part, scores), tuple(columns), tuple(rows))


def _further_metrics(data: ReportData, part: str, task: str, styles: Styles) -> Table:
    """Put the methods that have them down; the metrics of the second table, and the spread over seeds, across."""
    scores, metrics, first = data.scores(part, task), _further(data, task), primary(data.metrics_of(task))
    with_spread = len(data.seeds) > 1
    rows = tuple(
        (
            *names,
            *(estimate_cell(data, here, metric) for metric in metrics),
            *([_spread(data, here, first)] if with_spread else []),
        )
        for names, here in _rows_of(data, scores, styles)
        if set(metrics) & set(here.index)
    )
    columns = [*_heads_of(scores), *(Column(measure(metric).heading, _head_note(metric, [])) for metric in metrics)]
    columns += [_spread_head(first)] if with_spread else []
    told = "Other bins, and as was published," if data.kind(task) == "profile" else "Calls and calibration"
    return Table(f"{told} on {name_of(data, part)}.", tuple(columns), rows)


def _further(data: ReportData, task: str) -> list[str]:
    """The metrics of calls and calibration, or of other bins."""
    return [metric for metric in data.metrics_of(task) if measure(metric).is_further]


def _spread_head(metric: str) -> Column:
    """Head of the standard deviations over seeds."""
    return Column("Spread", f"s.d. of {measure(metric).label} over seeds")


def _rows_of(data: ReportData, scores: pd.DataFrame, styles: Styles) -> Iterator[tuple[list[Cell], pd.DataFrame]]:
    """Give the cells that name each row and its scores by metric: methods, for each domain where there are several."""
    domains = list(dict.fromkeys(scores["domain"]))
    for domain in domains:
        for method in data.methods:
            here = scores[(scores["method"] == method) & (scores["domain"] == domain)].set_index("metric")
            if len(here):
                yield [method_cell(data, method, styles), *([Cell(domain)] if len(domains) > 1 else [])], here


def _heads_of(scores: pd.DataFrame) -> list[Column]:
    """Heads over the cells that name the rows."""
    heads = ["Method", *(["Domain"] if len(scores["domain"].unique()) > 1 else [])]
    return [Column(head, is_number=False) for head in heads]


def _further_differences(data: ReportData, part: str, task: str, styles: Styles) -> list[Table]:
    """Put the differences in all metrics but the one that counts into a table of their own."""
    contrasts = contrasts_on(data, part)
    metrics = [metric for metric in data.metrics_of(task) if metric in set(contrasts["metric"])][1:]
    if not metrics:
        return []
    methods = [method for method in data.methods if method in set(contrasts["method"])]
    rows = tuple(
        (method_cell(data, method, styles), *(_contrast(data, contrasts, method, task, metric) for metric in metrics))
        for method in methods
    )
    columns = (Column("Method", is_number=False), *(Column(measure(m).heading, _head_note(m, [])) for m in metrics))
    return [Table(f"Differences to {_baselines(contrasts)} in the other metrics.", columns, rows)]


def _table_over_tasks(data: ReportData, part: str, metric: str, styles: Styles) -> Table:
    """Put tasks down, methods across and differences last."""
    scores, contrasts = data.scores(part, metric=metric), contrasts_on(data, part)
    contrasts = contrasts[contrasts["metric"] == metric]
    methods = [method for method in data.methods if method in set(scores["method"])]
    contrasted = [method for method in methods if method in set(contrasts["method"])]
    has_domains = len(scores["domain"].unique()) > 1
    rows = []
    for (task, domain), here in scores.groupby(["task", "domain"], sort=False):
        of_method = {method: rows.set_index("metric") for method, rows in here.groupby("method")}
        cells = [estimate_cell(data, of_method[m], metric) if m in of_method else Cell(DASH) for m in methods]
        cells += [_contrast(data, contrasts, method, str(task), metric) for method in contrasted]
        rows.append((Cell(f"{task}, {domain}" if has_domains else str(task)), *cells))
    columns = [Column("Task", is_number=False), *(Column(label_of(m), style=styles[m]) for m in methods)]
    columns += [Column("Difference", f"{label_of(method)} to {_baselines(contrasts)}") for method in contrasted]
    note = "" if measure(metric).larger_is_better else " (lower is better)"
    return Table(f"{measure(metric).heading}{note}. {_caption(data, part, scores)}", tuple(columns), tuple(rows))


def _baselines(contrasts: pd.DataFrame) -> str:
    """Name what methods are compared with."""
    return listed([label_of(name) for name in dict.fromkeys(contrasts["baseline"])])


def _head_note(metric: str, shares: list[float]) -> str:
    """Give the prevalence below AUPRC, which means nothing without it; ``lower is better`` below a loss."""
    if metric == "auprc" and len(shares) == 1:
        return f"prevalence {decimal(shares[0], 2)}"
    return "" if measure(metric).larger_is_better else "lower is better"


def estimate_cell(data: ReportData, here: pd.DataFrame, metric: str) -> Cell:
    """Write an estimate over its interval."""
    if metric not in here.index:
        return Cell(DASH)
    row = here.loc[metric].to_dict()
    return Cell(decimal(row["estimate"]), interval(row["low"], row["high"]), stamp=data.stamp(row["method"]))


def _spread(data: ReportData, here: pd.DataFrame, metric: str) -> Cell:
    """Give the standard deviation over seeds of the metric that stands for the task."""
    if metric not in here.index:
        return Cell(DASH)
    row = here.loc[metric].to_dict()
    return Cell(decimal(row["seeds_sd"]), stamp=data.stamp(row["method"]))


def _contrast(data: ReportData, contrasts: pd.DataFrame, method: str, task: str, metric: str) -> Cell:
    """Write the difference to the baseline over its interval; nothing for the baseline itself."""
    rows = contrasts[(contrasts["method"] == method) & (contrasts["task"] == task) & (contrasts["metric"] == metric)]
    if rows.empty:
        return Cell("")
    row = rows.iloc[0].to_dict()
    stamp = data.stamp(method) or data.stamp(row["baseline"])
    return Cell(signed(row["difference"]), interval(row["low"], row["high"]), stamp=stamp)


def _caption(data: ReportData, part: str, scores: pd.DataFrame) -> str:
    """Say what the numbers are of: loci, positives, intervals, seeds."""
    n, n_positive = scores["n"].max(), scores["n_positive"].max()
    up_to = "up to " if len(scores["n"].unique()) > 1 else ""
    size = f": {up_to}{count(n)}" if n == n else ""
    positives = f", {up_to}{count(n_positive)} of them positive" if n_positive == n_positive else ""
    seeds = f"Mean over {len(data.seeds)} seeds" if len(data.seeds) > 1 else "One seed"
    has_intervals = bool(scores["low"].notna().any())
    told = "with 95\N{NO-BREAK SPACE}% intervals" if has_intervals else "without intervals"
    return f"T{name_of(data, part)[1:]}{size}{positives}. {seeds}, {told}."
