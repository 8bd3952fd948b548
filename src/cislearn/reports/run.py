"""One run as the report sees it: its test predictions, how its training went, its scores without intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cislearn.evaluation import metrics
from cislearn.reports.files import read_predictions, read_tsv
from cislearn.runs import RUN, read_record


@dataclass(frozen=True)
class Run:
    """One training.

    Parameters
    ----------
    method, seed : str, int
        Which run of the experiment it is.
    predictions : DataFrame
        Test rows of ``predictions.parquet``: domain, and for each task its label (NaN: none) and logits.
    history, health : DataFrame, optional
        ``history.tsv`` and ``health.tsv``, one row a validation; None where there is no such thing to log.
    info : dict
        ``run.json``.
    """

    method: str
    seed: int
    predictions: pd.DataFrame
    history: pd.DataFrame | None
    health: pd.DataFrame | None
    info: Mapping[str, Any]

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks, in the order of the columns."""
        return [name.removeprefix("label_") for name in self.predictions.columns if name.startswith("label_")]

    @property
    def domains(self) -> list[str]:
        """Domains with test rows."""
        return list(dict.fromkeys(self.predictions["domain"].astype(str)))

    def logit_columns(self, task: str) -> list[str]:
        """``logit_<task>``, or ``logit_<task>_0``, ``_1`` ... where the task has several classes."""
        if f"logit_{task}" in self.predictions.columns:
            return [f"logit_{task}"]
        numbered = [f"logit_{task}_{index}" for index in range(len(self.predictions.columns))]
        return [name for name in numbered if name in self.predictions.columns]

    def predicted(self, task: str, domains: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Give labels (n,) and logits, (n,) or (n, n_classes), of the test rows in `domains`."""
        table = self.predictions[self.predictions["domain"].astype(str).isin(list(domains))]
        columns = self.logit_columns(task)
        if f"label_{task}" not in table.columns or not columns:
            return np.empty(0), np.empty(0)
        logits = table[columns].to_numpy(float)
        return table[f"label_{task}"].to_numpy(float), logits[:, 0] if len(columns) == 1 else logits

    def scored(self, task: str, domains: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Give labels and logits as `predicted` does, of labelled rows only."""
        labels, logits = self.predicted(task, domains)
        return labels[~np.isnan(labels)], logits[~np.isnan(labels)]

    def scores(self, task: str, domains: Sequence[str]) -> dict[str, float]:
        """Compute each metric of `task` on `domains`, without an interval; nothing where there is no label.

        A task is binary if the run has a threshold for it, multiclass if it has several logits, else a regression.
        """
        labels, logits = self.scored(task, domains)
        if not len(labels):
            return {}
        if logits.ndim == 2:
            calls = logits.argmax(axis=1)
            return {"accuracy": metrics.accuracy(labels, calls), "log_loss": metrics.log_loss(labels, logits)}
        threshold = self.info.get("thresholds", {}).get(task)
        if threshold is None:
            named = {"pearson": metrics.pearson, "r2": metrics.r2, "mse": metrics.mean_squared_error}
            return {name: metric(labels, logits) for name, metric in named.items()}
        ranked = {"auroc": metrics.auroc(labels, logits), "auprc": metrics.auprc(labels, logits)}
        if np.isnan(threshold):
            return ranked
        calls = logits >= threshold
        return ranked | {"f1": metrics.f1(labels, calls), "mcc": metrics.mcc(labels, calls)}


def read_run(folder: Path, method: str, seed: int) -> Run:
    """Read the folder of a finished run.

    Raises
    ------
    UserError
        If a file that every run has is absent or cut short; the message names it.
    """
    history, health = folder / "history.tsv", folder / "health.tsv"
    return Run(
        method=method,
        seed=seed,
        info=read_record(folder / RUN),
        predictions=read_predictions(folder / "predictions.parquet"),
        history=read_tsv(history, text=(), numbers=("step",)) if history.is_file() else None,
        health=read_tsv(health, text=(), numbers=("step",)) if health.is_file() else None,
    )
