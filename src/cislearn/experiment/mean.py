"""The mean of a metric over several experiments on the same loci, with one interval for all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Integer

from cislearn.evaluation.intervals import Estimate, estimate, paired_difference
from cislearn.evaluation.metrics import accuracy_many, auprc_many, auroc_many, pearson_many
from cislearn.evaluation.profiles.names import MEANS
from cislearn.evaluation.profiles.panels import counts_many, means_over_rows_many
from cislearn.evaluation.resamples import ManyMetric
from cislearn.experiment.score import Scores
from cislearn.schema import TaskSpec

JSD = 1 + list(MEANS).index("jsd")
"""Its column among the scores of a profile, which begin with its counts."""
METRICS: dict[str, dict[str, ManyMetric]] = {
    "binary": {"AUROC": auroc_many, "AUPRC": auprc_many},
    "multiclass": {"accuracy": lambda labels, logits, weights: accuracy_many(labels, logits.argmax(axis=1), weights)},
    "regression": {"Pearson": pearson_many},
    "profile": {
        "JSD": lambda labels, scores, weights: means_over_rows_many(labels, scores[:, [JSD]], weights)[:, 0],
        "counts Pearson": lambda labels, scores, weights: counts_many(labels, scores[:, 0], weights)[:, 0],
    },
}
"""Metrics whose mean over domains has a meaning, by the kind of the task: none that hangs on a threshold."""


def mean_over(groups: Integer[np.ndarray, " n"], metric: ManyMetric) -> ManyMetric:
    """Return the metric that is the mean of `metric` over groups of rows; NaN where it is for one of them."""
    rows = [np.flatnonzero(groups == group) for group in np.unique(groups)]

    def mean(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return np.mean([metric(labels[mine], scores[mine], weights[:, mine]) for mine in rows], axis=0)

    return mean


def mean_rows(scores: Sequence[Scores], titles: Sequence[str], baseline: str) -> pd.DataFrame:
    """Return the mean of each method's metrics over the targets, in the columns of ``leave_one_out.tsv``.

    Clusters of loci and seeds are resampled once for all experiments together: a locus that is tested in several
    domains is drawn in all of them.

    Parameters
    ----------
    scores : list of Scores
        Of experiments on one dataset, each with a target of its own.
    titles : list of str
        Methods, in the order of the rows.
    baseline : str
        The method that differences are to.
    """
    rows = []
    for task in scores[0].roles.dataset.spec.tasks:
        theirs = _together(scores, baseline, task)
        n_domains = len(np.unique(theirs["groups"]))
        if n_domains == 0:
            continue
        # Of several tasks not every domain need have labels, and then the mean is not over all of them.
        over = f"mean over {n_domains} domain{'s' * (n_domains > 1)}"
        for title in titles:
            ours = _together(scores, title, task)
            for name, metric in METRICS[task.kind].items():
                mean = mean_over(ours["groups"], metric)
                about = {"method": title, "domain": over, "task": task.name, "metric": name, "n": len(ours["labels"])}
                found = estimate(mean, ours["labels"], ours["logits"], ours["clusters"])
                row = about | _columns(found, ("estimate", "low", "high")) | {"n_seeds": found.n_seeds}
                if title != baseline and found.n_seeds == len(theirs["logits"]):
                    pair = (ours["logits"], theirs["logits"])
                    difference = paired_difference(mean, ours["labels"], *pair, ours["clusters"])
                    row |= _columns(difference, ("difference", "difference_low", "difference_high"))
                rows.append(row)
    return pd.DataFrame(rows, columns=[*_COLUMNS])


_COLUMNS = (
    "method", "domain", "task", "metric", "estimate", "low", "high", "n_seeds", "n",
    "difference", "difference_low", "difference_high",
)  # fmt: skip


def _together(scores: Sequence[Scores], title: str, task: TaskSpec) -> dict[str, Any]:
    """Labelled target test rows of all experiments, one after the other, with the experiment that each belongs to."""
    inputs = [each.inputs(title, "target", task) for each in scores]
    labelled = [~np.isnan(each["labels"]) for each in inputs]

    def joined(name: str, axis: int = 0) -> np.ndarray:
        pieces = [np.compress(rows, each[name], axis) for each, rows in zip(inputs, labelled, strict=True)]
        return np.concatenate(pieces, axis)

    return {
        "labels": joined("labels"),
        "clusters": joined("clusters"),
        "logits": joined("logits", axis=1),
        "groups": np.repeat(np.arange(len(inputs)), [int(rows.sum()) for rows in labelled]),
    }


def _columns(found: Estimate, names: tuple[str, str, str]) -> dict[str, float]:
    return dict(zip(names, (found.value, found.low, found.high), strict=True))
