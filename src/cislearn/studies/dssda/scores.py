"""The scores of a trial: all tasks together, method against baseline, and each task by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from cislearn.data.clusters import locus_clusters
from cislearn.data.dataset import read_dataset
from cislearn.evaluation.calls import f1
from cislearn.evaluation.metrics import auprc, auroc
from cislearn.evaluation.resamples import Resamples
from cislearn.experiment.config import ExperimentConfig
from cislearn.runs import ExperimentFolder, RunFolder, runs_under
from cislearn.studies.tasks_together import differences_together, scores_together

TOGETHER = "mean"
"""In the place of a task: the mean over all."""


@dataclass(frozen=True)
class Read:
    """Predictions of all methods on the same rows.

    Parameters
    ----------
    tasks : list of str
        Names.
    labels : ndarray, shape (n, t)
        All of them, also where training did not see them.
    logits : mapping of str to ndarray, shape (seeds, n, t)
        By method.
    thresholds : mapping of str to ndarray, shape (seeds, t)
        By method, chosen on the validation windows whose labels may be seen.
    clusters : ndarray, shape (n,)
        Cluster of loci of each row.
    """

    tasks: list[str]
    labels: Float[np.ndarray, "n t"]
    logits: Mapping[str, Float[np.ndarray, "s n t"]]
    thresholds: Mapping[str, Float[np.ndarray, "s t"]]
    clusters: Int[np.ndarray, " n"]


def read_together(config: ExperimentConfig, folder: Path, part: Literal["valid", "test"]) -> Read:
    """Read what the finished runs of an experiment predict of one part."""
    dataset = read_dataset(config.data.path)
    tasks = [task.name for task in dataset.spec.tasks]
    trained = ExperimentFolder(folder).info["methods"]  # all, unless some were left to another command
    runs = {each.title: runs_under(folder, each.title) for each in config.methods if each.title in trained}
    tables = {title: [_rows_of(run, part) for run in each] for title, each in runs.items()}
    first = next(iter(tables.values()))[0]
    rows = first["row"].to_numpy()
    columns = [f"logit_{task}" for task in tasks]
    logits = {title: np.stack([t[columns].to_numpy(np.float64) for t in each]) for title, each in tables.items()}
    thresholds = {
        title: np.array([[run.info["thresholds"].get(task, np.nan) for task in tasks] for run in each], dtype=float)
        for title, each in runs.items()
    }
    return Read(tasks, dataset.labels_float(rows), logits, thresholds, locus_clusters(dataset)[rows])


def _rows_of(run: RunFolder, part: str) -> pd.DataFrame:
    table = pd.read_parquet(run.path / "predictions.parquet")
    return table[table["part"] == part].reset_index(drop=True)


def together_scores(read: Read, baseline: str) -> pd.DataFrame:
    """Return means over tasks of AUROC and AUPRC with differences to the baseline, subset accuracy and Hamming loss."""
    rows, resamples = [], Resamples()
    for method, logits in read.logits.items():
        against = {}
        if method != baseline:
            against = differences_together(
                read.labels, logits, read.logits[baseline], read.clusters, resamples=resamples
            )
        for row in scores_together(read.labels, logits, read.clusters, resamples=resamples):
            found = against.get(row["metric"])
            difference = {} if found is None else {
                "difference": found.value, "difference_low": found.low, "difference_high": found.high
            }  # fmt: skip
            rows.append({"task": TOGETHER, "method": method, **row, **difference})
        rows += [{"task": TOGETHER, "method": method, **row} for row in _calls(read, method)]
    return pd.DataFrame(rows)


def _calls(read: Read, method: str) -> list[dict[str, object]]:
    """Share of the rows all of whose labels are called right, and of the labels that are called wrong."""
    called = read.logits[method] >= read.thresholds[method][:, None]
    wrong = called != (read.labels == 1)
    values = {"subset accuracy": 1 - wrong.any(axis=2).mean(axis=1), "Hamming loss": wrong.mean(axis=(1, 2))}
    return [
        {
            "metric": name,
            "estimate": float(each.mean()),
            "seeds_sd": float(each.std(ddof=1)) if len(each) > 1 else float("nan"),
            "n_seeds": len(each),
            "n": len(read.labels),
        }
        for name, each in values.items()
    ]


def class_scores(read: Read) -> pd.DataFrame:
    """Return the mean over seeds of each task's AUROC, AUPRC and F1; NaN where it has one class only."""
    rows = []
    for method, logits in read.logits.items():
        for t, task in enumerate(read.tasks):
            labels = read.labels[:, t]
            about = {"task": task, "method": method, "n_seeds": len(logits), "n": len(labels)}
            both = 0 < labels.mean() < 1
            calls = [each[:, t] >= cut for each, cut in zip(logits, read.thresholds[method][:, t], strict=True)]
            values = {
                "AUROC": [auroc(labels, each[:, t]) for each in logits],
                "AUPRC": [auprc(labels, each[:, t]) for each in logits],
                "F1": [f1(labels, each) for each in calls],
            }
            for metric, by_seed in values.items():
                estimate = float(np.mean(by_seed)) if both else float("nan")
                rows.append({**about, "metric": metric, "estimate": estimate, "prevalence": float(labels.mean())})
    return pd.DataFrame(rows)
