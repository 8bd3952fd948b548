"""Each labelled domain left out in turn: what each method reaches where it has seen no label, and the mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from cislearn.reports.blocks import Block, Cell, Column, Drawing, Drawings, Section, Table, Text
from cislearn.reports.figures.dots import Dot, dot_plot
from cislearn.reports.left_out import LeftOut
from cislearn.reports.measures import measure
from cislearn.reports.numbers import DASH, count, decimal, interval, signed
from cislearn.reports.palette import label_of
from cislearn.reports.sections.metric_tables import Styles

MOST_ROWS = 40
MOST_TOLD = 8
INTRODUCTION = (
    "Each labelled domain was left out in turn: it became the target, the others the sources, and its labels served "
    "for its test score alone. Intervals of the mean are over loci and seeds of these domains, not over domains."
)
OF_THE_TARGET = (
    " The mean over these domains stands for {target}, which has no labels, as far as {target} differs from the "
    "sources no more than they differ from one another."
)


def left_out_section(left_out: LeftOut, styles: Styles, *, stands_for: str | None = None) -> Section:
    """Show tables of domains by methods with their mean, and dot plots of the metric that counts.

    Parameters
    ----------
    left_out : LeftOut
        The numbers.
    styles : dict of str to MethodStyle
        Of each method in it.
    stands_for : str, optional
        The target without labels that the mean stands for.
    """
    metrics = list(dict.fromkeys(metric for task in left_out.tasks for metric in left_out.metrics_of(task)))
    first, *others = (_table(left_out, metric, left_out.trained, styles) for metric in metrics)
    further = [replace(table, title=measure(metric).heading) for table, metric in zip(others, metrics[1:], strict=True)]
    simple = [method for method in left_out.methods if method not in left_out.trained]
    if simple:
        title = f"{measure(metrics[0]).heading} of the simple models"
        further.insert(0, replace(_table(left_out, metrics[0], simple, styles), title=title))
    words = INTRODUCTION + (OF_THE_TARGET.format(target=stands_for) if stands_for else "")
    key = tuple(styles[method] for method in left_out.trained)
    blocks: list[Block] = [Text(words), first, Drawings(tuple(_drawings(left_out, metrics[0], styles)), key=key)]
    return Section("left-out", "Left out in turn", (*blocks, *further))


def _table(left_out: LeftOut, metric: str, among: Sequence[str], styles: Styles) -> Table:
    """Put domains down (for each task, where there are several), methods across and differences last."""
    rows_of_metric = left_out.table[left_out.table["metric"] == metric]
    contrasts = left_out.contrasts[left_out.contrasts["metric"] == metric]
    methods = [method for method in among if method in set(rows_of_metric["method"])]
    contrasted = [method for method in methods if method in set(contrasts["method"])]
    several = len(left_out.tasks) > 1
    rows = []
    for (task, domain), here in rows_of_metric.groupby(["task", "domain"], sort=False):
        there = contrasts[(contrasts["task"] == task) & (contrasts["domain"] == domain)]
        cells = [Cell(str(domain), link=left_out.links.get(str(domain), ""))]
        cells += [Cell(str(task))] if several else []
        cells += [_number(left_out, here, method, "estimate") for method in methods]
        cells += [_number(left_out, there, method, "difference") for method in contrasted]
        rows.append((*cells, Cell(count(here["n"].max()))))
    columns = [Column("Left out", is_number=False), *([Column("Task", is_number=False)] if several else [])]
    columns += [Column(label_of(name), _seen(left_out, name), style=styles[name]) for name in methods]
    columns += [Column("Difference", f"{label_of(name)} to {label_of(left_out.methods[0])}") for name in contrasted]
    return Table(_caption(left_out, metric), (*columns, Column("Loci")), tuple(rows))


def _seen(left_out: LeftOut, method: str) -> str:
    """Mark a method that has seen the labels of the domain left out."""
    return "its labels seen" if left_out.sees_target(method) else ""


def _number(left_out: LeftOut, here: pd.DataFrame, method: str, column: str) -> Cell:
    """Write an estimate or a difference over its interval."""
    found = here[here["method"] == method]
    if found.empty:
        return Cell(DASH)
    row = found.iloc[0].to_dict()
    text = signed(row[column]) if column == "difference" else decimal(row[column])
    return Cell(text, interval(row["low"], row["high"]), stamp=left_out.stamp)


def _caption(left_out: LeftOut, metric: str) -> str:
    """Name the metric, which way is better, and what the numbers are of."""
    note = "" if measure(metric).larger_is_better else " (lower is better)"
    seeds = f"Mean over {left_out.n_seeds} seeds" if left_out.n_seeds > 1 else "One seed"
    links = " Each name leads to the report of that domain." if left_out.links else ""
    told = "with 95\N{NO-BREAK SPACE}% intervals"
    return f"{measure(metric).heading}{note} on the test loci of the domain left out. {seeds}, {told}.{links}"


def _drawings(left_out: LeftOut, metric: str, styles: Styles) -> list[Drawing]:
    """Draw the estimates and the differences: by domain for one task, the means by task for several."""
    label = "domain" if len(left_out.tasks) == 1 else "task"
    shown = left_out.table if label == "domain" else left_out.means
    estimates = shown[(shown["metric"] == metric) & shown["method"].isin(left_out.trained) & shown["estimate"].notna()]
    contrasts = left_out.contrasts
    contrasts = contrasts[(contrasts["metric"] == metric) & contrasts["method"].isin(left_out.trained)]
    if label == "task":
        contrasts = contrasts[~contrasts["domain"].isin(left_out.domains)]
    heading = measure(metric).heading + (f" [{left_out.stamp}]" if left_out.stamp else "")
    drawings = [_drawing(estimates, "estimate", label, heading, styles)]
    if len(contrasts):
        title = f"{heading}, difference to {label_of(left_out.methods[0])}"
        drawings.append(_drawing(contrasts, "difference", label, title, styles))
    return drawings


def _drawing(rows: pd.DataFrame, column: str, label: str, title: str, styles: Styles) -> Drawing:
    """Draw a column, a row a domain or a task."""
    dots = [
        Dot(row[label], styles[row["method"]], row[column], row["low"], row["high"])
        for row in rows.to_dict("records")[:MOST_ROWS]
    ]
    is_difference = column == "difference"
    write = signed if is_difference else decimal
    told = [
        f"{dot.label}, {dot.style.label} {write(dot.estimate)} ({interval(dot.low, dot.high)})"
        for dot in sorted(dots, key=lambda dot: not dot.label.startswith("mean over"))[:MOST_TOLD]
    ]
    svg = dot_plot(
        dots,
        key=f"left-out-{column}",
        title=title,
        alt=f"{title}, each domain left out in turn: {'; '.join(told)}",
        reference=0 if is_difference else None,
        reference_label="dashed: no difference" if is_difference else "",
    )
    return Drawing(svg, "")
