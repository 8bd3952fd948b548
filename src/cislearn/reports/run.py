"""One run as the report sees it: its test predictions, how its training went, its scores without intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cislearn.evaluation.tables import score_table
from cislearn.reports.files import read_predictions, read_tsv
from cislearn.reports.measures import Kind, key_of
from cislearn.runs import RUN, profile_score_names, read_record


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

    @property
    def signals(self) -> list[Mapping[str, Any]]:
        """What ``health.tsv`` holds: name, title, meaning and what is healthy; of older runs the name alone."""
        told = {signal["name"]: signal for signal in self.info.get("signals", [])}
        names = [] if self.health is None else [name for name in self.health.columns if name != "step"]
        return [told.get(name, {"name": name, "title": name.replace("_", " ").capitalize()}) for name in names]

    def logit_columns(self, task: str) -> list[str]:
        """``logit_<task>``, or ``logit_<task>_0``, ``_1`` ... with several classes; the scores of a profile."""
        if f"logit_{task}" in self.predictions.columns:
            return [f"logit_{task}"]
        if set(profile_score_names(task)) <= set(self.predictions.columns):
            return profile_score_names(task)
        numbered = [f"logit_{task}_{index}" for index in range(len(self.predictions.columns))]
        return [name for name in numbered if name in self.predictions.columns]

    def kind(self, task: str) -> Kind:
        """Tell the kind of `task`: binary if the run has a threshold for it, multiclass if it has several logits."""
        if task in self.info.get("thresholds", {}):
            return "binary"
        if self.logit_columns(task) == profile_score_names(task):
            return "profile"
        return "multiclass" if len(self.logit_columns(task)) > 1 else "regression"

    def temperature(self, task: str) -> float:
        """Give what the logits of `task` are divided by to become probabilities; 1 where none was fitted."""
        found = self.info.get("temperatures", {}).get(task)
        return 1.0 if found is None else float(found)

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
        """Compute each metric of `task` on `domains`, without an interval; nothing where there is no label."""
        labels, logits = self.scored(task, domains)
        if not len(labels):
            return {}
        kind = self.kind(task)
        threshold, temperature = self.info.get("thresholds", {}).get(task), self.temperature(task)
        table = score_table(
            kind,
            labels,
            logits[None],
            np.arange(len(labels)),
            thresholds=np.array([threshold], float) if kind == "binary" else None,
            temperatures=np.array([temperature]) if kind == "binary" else None,
            n_resamples=1,
        )
        return dict(zip(map(key_of, table["metric"]), table["estimate"], strict=True))


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
