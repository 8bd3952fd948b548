"""Tables and notes on the terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from cislearn.experiment.execute import Experiment


FURTHER = frozenset({"lift", "recall at 5% FDR", "MCC", "F1 at .5", "calibration error"})
"""Metrics that stand in the files and the report only: the terminal has 80 columns."""


def console() -> Console:
    """Return the console that results are printed to; wide where the output is no terminal, so that no table is cut."""
    from rich.console import Console

    plain = Console(highlight=False)
    return plain if plain.is_terminal else Console(highlight=False, width=160)


def show_table(table: pd.DataFrame, title: str | None = None, *, is_narrow: bool = False) -> None:
    """Print a table; numbers to the right, NaN as a dash; a narrow one has one space between its columns."""
    from rich import box
    from rich.table import Table

    padding = (0, 0 if is_narrow else 1, 0, 0)
    shown = Table(box=box.SIMPLE_HEAD, padding=padding, pad_edge=False, show_edge=not is_narrow)
    for name in table.columns:
        is_number = table[name].dtype.kind in "if"
        shown.add_column(str(name), justify="right" if is_number else "left", no_wrap=True)
    for row in table.itertuples(index=False):
        shown.add_row(*(_cell(value) for value in row))
    if title:
        console().print(title)
    console().print(shown)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "-" if math.isnan(value) else f"{value:,.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def show_experiment(experiment: Experiment) -> None:
    """Print the comparison that an experiment ends with, and where its report is."""
    import pandas as pd

    summary = experiment.summary
    parts = set(summary["part"])
    part = "target test" if "target test" in parts else "source test"
    rows = summary[summary["part"] == part]
    first = rows.iloc[0]
    rule = f"selection: {first['selection'].replace('_', ' ')}"
    n_seeds = rows["n_seeds"].max()
    seeds = f"{n_seeds} seed{'s' if n_seeds > 1 else ''}"
    groups = _tasks_by_metrics(rows)
    one = groups == [groups[0][:1]]
    prevalence = f", prevalence {number(first['prevalence'])}" if one and not math.isnan(first["prevalence"]) else ""
    console().print(f"\n{first['domain']}, {part}, {first['n']:,} windows{prevalence}")
    console().print(f"protocol: {first['protocol'].partition(':')[0]}, {rule}, {seeds}")
    for tasks in groups:
        tables = [_scores(rows[rows["task"] == task], experiment.comparison, task) for task in tasks]
        table = pd.concat(tables, ignore_index=True)
        console().print()
        show_table(table.drop(columns=["task", "prevalence"], errors="ignore") if one else table, is_narrow=True)
    console().print()
    _show_bar(experiment, one)
    if (rows["selection"] == "oracle").any():
        console().print("selection: oracle; every number above was chosen with the target's labels")
    console().print(f"every metric: {experiment.path / 'summary.tsv'}")
    console().print(f"report: {experiment.report}")


def _show_bar(experiment: Experiment, one_task: bool) -> None:
    """Print how far each method is from the best simple model, for a single task."""
    import pandas as pd

    path = experiment.path / "over_simple.tsv"
    if not (one_task and path.is_file()):
        return
    rows = pd.read_csv(path, sep="\t")
    for row in rows[rows["metric"] == "AUROC"].to_dict("records"):
        names = [row[key].replace("_", " ") for key in ("method", "baseline")]
        console().print(f"{names[0]} over the best simple model, {names[1]}: {signed(row)}")


def _tasks_by_metrics(rows: pd.DataFrame) -> list[list[str]]:
    """Tasks that share their metrics, and so a table."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for task in rows["task"].unique():
        groups.setdefault(tuple(rows.loc[rows["task"] == task, "metric"].unique()), []).append(task)
    return list(groups.values())


def _scores(rows: pd.DataFrame, comparison: pd.DataFrame | None, task: str) -> pd.DataFrame:
    import pandas as pd

    metrics = [metric for metric in rows["metric"].unique() if metric not in FURTHER]
    table = []
    for method in rows["method"].unique():
        mine = rows[rows["method"] == method].set_index("metric")
        main = mine.loc[metrics[0]]
        shown = {"task": task, "method": _method_name(method, main["protocol"]), metrics[0]: number(main["estimate"])}
        shown["95 %\ninterval"] = f"{number(main['low'])} - {number(main['high'])}"
        for metric in metrics[1:]:
            shown[metric.replace(" at ", "\nat ").replace(" FDR", "\nFDR")] = number(mine.loc[metric, "estimate"])
        if not math.isnan(main["prevalence"]):
            shown["prevalence"] = f"{main['prevalence']:.2g}".removeprefix("0")
        if comparison is not None:
            name = f"over {comparison['baseline'].iloc[0].replace('_', ' ')}"
            shown[name] = _difference(comparison, method, task, metrics[0])
        table.append(shown)
    return pd.DataFrame(table)


def _method_name(method: str, protocol: str) -> str:
    return f"{method.replace('_', ' ')}{' (bound)' if protocol.startswith('upper bound') else ''}"


def _difference(comparison: pd.DataFrame, method: str, task: str, metric: str) -> str:
    names = ("method", method), ("task", task), ("metric", metric)
    rows = comparison[[all(row[key] == value for key, value in names) for row in comparison.to_dict("records")]]
    if rows.empty:
        return ""
    return signed(rows.iloc[0].to_dict())


def signed(row: Mapping[Any, Any]) -> str:
    """A difference with its sign and interval."""
    sign = "+" if row["difference"] >= 0 else ""
    return f"{sign}{number(row['difference'])} ({number(row['low'])}, {number(row['high'])})"


def number(value: float) -> str:
    """Three places, without the zero before the point, as papers print what lies between -1 and 1."""
    return "-" if math.isnan(value) else f"{value:.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.3f}"
