"""Scores that are means over the tasks of a dataset, with intervals over loci and seeds together."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Int, Shaped

from cislearn.evaluation.intervals import Estimate, estimates, paired_differences
from cislearn.evaluation.ranking import ranking_many
from cislearn.evaluation.resamples import Panel, Resamples

METRICS = ("AUROC", "AUPRC")


def means_over_tasks_many(
    labels: Shaped[np.ndarray, "n t"], scores: Shaped[np.ndarray, "n t"], weights: Shaped[np.ndarray, "r n"]
) -> Float[np.ndarray, "r 2"]:
    """Return the `METRICS` as means over tasks; a task whose rows have one class only is left out of them."""
    each = [ranking_many(*task, weights)[:, : len(METRICS)] for task in zip(labels.T, scores.T, strict=True)]
    return np.nanmean(each, axis=0)


def scores_together(
    labels: Float[np.ndarray, "n t"],
    logits: Float[np.ndarray, "seeds n t"],
    clusters: Int[np.ndarray, " n"],
    *,
    with_interval: bool = True,
    resamples: Resamples | None = None,
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
    resamples : Resamples, optional
        What was computed already of the same labels and clusters.
    """
    once = np.ones((1, len(labels)), np.uint8)
    by_seed = np.concatenate([means_over_tasks_many(labels, each, once) for each in logits])
    found: dict[str, Estimate] = {}
    if with_interval:
        found = estimates([_panel(logits)], labels, clusters, resamples=resamples)
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
    *,
    resamples: Resamples | None = None,
) -> dict[str, Estimate]:
    """Return each metric of `scores_together` minus that of a baseline, paired by locus and by seed."""
    return paired_differences([_panel(logits)], [_panel(baseline)], labels, clusters, resamples=resamples)


def _panel(logits: Float[np.ndarray, "seeds n t"]) -> Panel:
    return Panel(METRICS, means_over_tasks_many, logits)
