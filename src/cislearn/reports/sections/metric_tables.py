"""Tables of estimates with their intervals: methods by metrics for one task, tasks by methods for several."""

from __future__ import annotations

import pandas as pd

from cislearn.reports.blocks import Cell, Column, Table
from cislearn.reports.measures import measure, primary
from cislearn.reports.numbers import DASH, count, decimal, interval, listed, signed
from cislearn.reports.palette import MethodStyle, label_of
from cislearn.reports.read import TARGET, ReportData

Styles = dict[str, MethodStyle]


def metric_tables(data: ReportData, part: str, styles: Styles) -> list[Table]:
    """Make a table for one task, and one of its further differences; for several tasks, one a metric."""
    if len(data.tasks) == 1:
        task = data.tasks[0]
        return [_table_of_one_task(data, part, task, styles), *_further_differences(data, part, task, styles)]
    metrics = dict.fromkeys(metric for task in data.tasks for metric in data.metrics_of(task))
    return [_table_over_tasks(data, part, metric, styles) for metric in metrics]


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
    """Put methods down (for each domain, where there are several) and metrics across."""
    scores, metrics, contrasts = data.scores(part, task), data.metrics_of(task), contrasts_on(data, part)
    domains, shares = list(dict.fromkeys(scores["domain"])), scores["prevalence"].dropna().unique()
    # One column of differences; those in other metrics would crowd the table and have one of their own.
    contrasted = [metric for metric in metrics if metric in set(contrasts["metric"])][:1]
    rows = []
    for domain in domains:
        for method in data.methods:
            here = scores[(scores["method"] == method) & (scores["domain"] == domain)].set_index("metric")
            if here.empty:
                continue
            row = [method_cell(data, method, styles)]
            row += [Cell(domain)] if len(domains) > 1 else []
            row += [_estimate(data, here, metric) for metric in metrics]
            row += [Cell(decimal(here["prevalence"].max(), 2))] if len(shares) > 1 else []
            row += [_spread(data, here, primary(metrics))] if len(data.seeds) > 1 else []
            row += [_contrast(data, contrasts, method, task, metric) for metric in contrasted]
            rows.append(tuple(row))
    columns = [Column("Method", is_number=False)]
    columns += [Column("Domain", is_number=False)] if len(domains) > 1 else []
    columns += [Column(measure(metric).heading, _head_note(metric, list(shares))) for metric in metrics]
    columns += [Column("Prevalence")] if len(shares) > 1 else []
    columns += (
        [Column("Spread", f"s.d. of {measure(primary(metrics)).label} over seeds")] if len(data.seeds) > 1 else []
    )
    columns += [Column("Difference", f"in {measure(m).label} to {_baselines(contrasts)}") for m in contrasted]
    return Table(_caption(data, part, scores), tuple(columns), tuple(rows))


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
        cells = [_estimate(data, of_method[m], metric) if m in of_method else Cell(DASH) for m in methods]
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


def _estimate(data: ReportData, here: pd.DataFrame, metric: str) -> Cell:
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
