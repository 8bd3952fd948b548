"""What the runs of an experiment logged while they were trained, method by method."""

from __future__ import annotations

import pandas as pd

from cislearn.reports.numbers import decimal
from cislearn.reports.palette import label_of
from cislearn.reports.read import ReportData
from cislearn.reports.run import Run

Logs = dict[str, list[pd.Series]]
"""Method to one series a seed, indexed by the step."""


def logged(data: ReportData, column: str) -> Logs:
    """Collect a column of the logs per method; methods that did not log it are left out."""
    logs = {method: _series(data.runs_of(method), column) for method in data.methods}
    return {method: series for method, series in logs.items() if series}


def ends(logs: Logs) -> str:
    """Tell where each method ends, as the mean over seeds."""
    means = {method: sum(float(s.iloc[-1]) for s in series) / len(series) for method, series in logs.items()}
    return "; ".join(f"{label_of(method)} ends at {decimal(mean)}" for method, mean in means.items())


def _series(runs: list[Run], column: str) -> list[pd.Series]:
    """`column` against the step, one series a seed; runs that did not log it are left out."""
    tables = [run.health if run.health is not None and column in run.health.columns else run.history for run in runs]
    return [
        table.dropna(subset=[column]).drop_duplicates("step", keep="last").set_index("step")[column]
        for table in tables
        if table is not None and column in table.columns and table[column].notna().any()
    ]
