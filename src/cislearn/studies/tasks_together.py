"""Scores that are means over the tasks of a dataset, with intervals over loci and seeds together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Shaped

from cislearn.evaluation.intervals import Estimate, Panel, estimates, paired_differences
from cislearn.evaluation.ranking import ranking_many

METRICS = ("AUROC", "AUPRC")

Many = Callable[[np.ndarray, np.ndarray, np.ndarray], Float[np.ndarray, "r 2"]]


def mean_over_tasks(n_tasks: int) -> Many:
    """Return the metrics of rows that stand task by task, one task after the other, as means over the tasks.

    A task whose rows have one class only is left out of the mean; rows without a label have no weight.
    """

    def metrics(
        labels: Shaped[np.ndarray, " m"], scores: Shaped[np.ndarray, " m"], weights: Shaped[np.ndarray, "r m"]
    ) -> Float[np.ndarray, "r 2"]:
        pieces = zip(*(np.split(each, n_tasks, axis=-1) for each in (labels, scores, weights)), strict=True)
        return np.nanmean([ranking_many(*piece)[:, : len(METRICS)] for piece in pieces], axis=0)

    return metrics


def scores_together(
    labels: Float[np.ndarray, "n t"],
    logits: Float[np.ndarray, "seeds n t"],
    clusters: Int[np.ndarray, " n"],
    *,
    with_interval: bool = True,
) -> list[dict[str, Any]]:
    """Return a row for AUROC and one for AUPRC, each the mean over tasks, with every seed's value.

    Parameters
    ----------
    labels : ndarray, shape (n, t)
        0 or 1, all there.
    logits : ndarray, shape (seeds, n, t)
        A set for each seed.
    clusters : ndarray, shape (n,)
        Cluster of loci of each row; all tasks of a locus are resampled with it.
    with_interval : bool
        Whether to bootstrap.
    """
    metrics, (long, by_seed_scores) = mean_over_tasks(labels.shape[1]), _task_by_task(labels, logits)
    once = np.ones((1, labels.size), dtype=np.float32)
    by_seed = np.concatenate([metrics(long, each, once) for each in by_seed_scores])
    found: dict[str, Estimate] = {}
    if with_interval:
        found = estimates([Panel(METRICS, metrics, by_seed_scores)], long, np.tile(clusters, labels.shape[1]))
    return [
        {
            "metric": metric,
            "estimate": float(by_seed[:, m].mean()),
            "low": found[metric].low if found else float("nan"),
            "high": found[metric].high if found else float("nan"),
            "seeds_sd": float(by_seed[:, m].std(ddof=1)) if len(by_seed) > 1 else float("nan"),
            "n_seeds": len(by_seed),
            "n": len(labels),
            "by_seed": " ".join(f"{value:.6f}" for value in by_seed[:, m]),
        }
        for m, metric in enumerate(METRICS)
    ]


def differences_together(
    labels: Float[np.ndarray, "n t"],
    logits: Float[np.ndarray, "seeds n t"],
    baseline: Float[np.ndarray, "seeds n t"],
    clusters: Int[np.ndarray, " n"],
) -> dict[str, Estimate]:
    """Return each metric of `scores_together` minus that of a baseline, paired by locus and by seed."""
    metrics, (long, ours), (_, theirs) = (
        mean_over_tasks(labels.shape[1]),
        _task_by_task(labels, logits),
        _task_by_task(labels, baseline),
    )
    panels = [Panel(METRICS, metrics, ours)], [Panel(METRICS, metrics, theirs)]
    return paired_differences(*panels, long, np.tile(clusters, labels.shape[1]))


def _task_by_task(labels: np.ndarray, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return labels.T.ravel(), logits.transpose(0, 2, 1).reshape(len(logits), -1)
