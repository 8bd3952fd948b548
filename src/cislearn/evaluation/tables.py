"""The rows of ``summary.tsv`` and ``comparison.tsv``: each metric that a kind of task has, with its interval."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Integer, Shaped

from cislearn.evaluation.calls import accuracy_many, f1_many, log_loss_many, mcc_many
from cislearn.evaluation.intervals import Estimate, ManyMetric, estimate, paired_difference
from cislearn.evaluation.ranking import auprc_many, auroc_many
from cislearn.evaluation.regression import mean_squared_error_many, pearson_many, r2_many

ScoredKind = Literal["binary", "multiclass", "regression"]


class _Scored(NamedTuple):
    """One metric and what it takes of each seed, shape (seeds, n, ...)."""

    name: str
    metric: ManyMetric
    values: np.ndarray


def score_table(
    kind: ScoredKind,
    labels: Shaped[np.ndarray, " n"],
    logits: Shaped[np.ndarray, "seeds n *classes"],
    clusters: Integer[np.ndarray, " n"],
    *,
    thresholds: Shaped[np.ndarray, " seeds"] | None = None,
    n_resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Every metric of one task for one method on one set of rows.

    Parameters
    ----------
    kind : {"binary", "multiclass", "regression"}
        Binary: AUROC, AUPRC, and F1 and MCC where thresholds are given. Multiclass: accuracy, log loss. Regression:
        Pearson, R2, mean squared error.
    labels : ndarray, shape (n,)
        NaN where absent; such rows are left out and not counted.
    logits : ndarray, shape (seeds, n), multiclass (seeds, n, classes)
        Logits or predicted values, a row each seed.
    clusters : ndarray, shape (n,)
        Cluster of loci of each row.
    thresholds : ndarray, shape (seeds,), optional
        On the scale of the logits, one each seed, chosen on validation data. Where one is NaN (validation data of one
        class), F1 and MCC are left out.
    n_resamples, level, seed
        Of the bootstrap.

    Returns
    -------
    DataFrame
        Columns metric, estimate, low, high, seeds_sd, n_seeds, undefined, n, n_positive, prevalence.
    """
    labels, logits, clusters = _present(labels, logits, clusters)
    bootstrap: dict[str, Any] = {"n_resamples": n_resamples, "level": level, "seed": seed}
    rows = [
        {"metric": item.name} | _columns(estimate(item.metric, labels, item.values, clusters, **bootstrap), "estimate")
        for item in _scored(kind, logits, thresholds)
    ]
    return pd.DataFrame(rows).assign(**_counts(kind, labels)).astype({"n_positive": "Int64"})


def comparison_table(
    kind: ScoredKind,
    labels: Shaped[np.ndarray, " n"],
    logits: Shaped[np.ndarray, "seeds n *classes"],
    baseline: Shaped[np.ndarray, "seeds_b n *classes"],
    clusters: Integer[np.ndarray, " n"],
    *,
    thresholds: Shaped[np.ndarray, " seeds"] | None = None,
    baseline_thresholds: Shaped[np.ndarray, " seeds_b"] | None = None,
    n_resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Every metric of one method minus that of a baseline, paired by locus and by seed. Takes what `score_table` does.

    Returns
    -------
    DataFrame
        Columns metric, difference, low, high, seeds_sd, n_seeds, undefined, n.
    """
    kept, logits, kept_clusters = _present(labels, logits, clusters)
    baseline = _present(labels, baseline, clusters)[1]
    others = {item.name: item.values for item in _scored(kind, baseline, baseline_thresholds)}
    bootstrap: dict[str, Any] = {"n_resamples": n_resamples, "level": level, "seed": seed}
    rows = []
    for item in _scored(kind, logits, thresholds):
        if item.name in others:
            pair = (item.values, others[item.name])
            difference = paired_difference(item.metric, kept, *pair, kept_clusters, **bootstrap)
            rows.append({"metric": item.name} | _columns(difference, "difference"))
    return pd.DataFrame(rows).assign(n=len(kept))


def _present(labels: np.ndarray, logits: np.ndarray, clusters: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = np.flatnonzero(~np.isnan(labels))
    return labels[rows], logits[:, rows], clusters[rows]


def _scored(kind: ScoredKind, logits: np.ndarray, thresholds: np.ndarray | None) -> list[_Scored]:
    if kind == "regression":
        metrics = {"Pearson": pearson_many, "R2": r2_many, "MSE": mean_squared_error_many}
        return [_Scored(name, metric, logits) for name, metric in metrics.items()]
    if kind == "multiclass":
        return [
            _Scored("accuracy", accuracy_many, logits.argmax(axis=2)),
            _Scored("log loss", log_loss_many, logits),
        ]
    ranked = [_Scored("AUROC", auroc_many, logits), _Scored("AUPRC", auprc_many, logits)]
    if thresholds is None or np.isnan(thresholds).any():
        return ranked
    calls = logits >= np.asarray(thresholds)[:, None]
    return [*ranked, _Scored("F1", f1_many, calls), _Scored("MCC", mcc_many, calls)]


def _columns(result: Estimate, name: str) -> dict[str, Any]:
    columns = asdict(result)
    return {name: columns.pop("value")} | {"seeds_sd" if key == "seed_sd" else key: columns[key] for key in columns}


def _counts(kind: ScoredKind, labels: np.ndarray) -> dict[str, Any]:
    if kind != "binary":
        return {"n": len(labels), "n_positive": pd.NA, "prevalence": float("nan")}
    return {
        "n": len(labels),
        "n_positive": int(labels.sum()),
        "prevalence": float(labels.mean()) if len(labels) else float("nan"),
    }
