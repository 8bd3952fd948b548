"""The rows of ``summary.tsv`` and ``comparison.tsv``: each metric that a kind of task has, with its interval."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Integer, Shaped

from cislearn.evaluation.calibration import calibration_error_many, probabilities
from cislearn.evaluation.calls import accuracy_many, f1_and_mcc_many, f1_many, log_loss_many, weighted_mean_many
from cislearn.evaluation.handed_in import refuse_nan
from cislearn.evaluation.intervals import Estimate, Panel, estimates, paired_differences
from cislearn.evaluation.ranking import RANKED, ranking_many
from cislearn.evaluation.regression import mean_squared_error_many, pearson_many, r2_many
from cislearn.schema import TaskKind


def score_table(
    kind: TaskKind,
    labels: Shaped[np.ndarray, " n"],
    logits: Shaped[np.ndarray, "seeds n *classes"],
    clusters: Integer[np.ndarray, " n"],
    *,
    thresholds: Shaped[np.ndarray, " seeds"] | None = None,
    temperatures: Shaped[np.ndarray, " seeds"] | None = None,
    n_resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Every metric of one task for one method on one set of rows.

    Parameters
    ----------
    kind : {"binary", "multiclass", "regression", "profile"}
        Binary: AUROC, AUPRC, lift, recall at 5 and at 10 % false discoveries; F1 and MCC where thresholds are given;
        F1 at .5 and calibration error where temperatures are. Multiclass: accuracy, log loss. Regression: Pearson, R2,
        mean squared error. Profile: mean negative log likelihood of a row, mean squared error of the log counts
        of its strands, and Pearson of those of all strands together.
    labels : ndarray, shape (n,)
        NaN where absent; such rows are left out and not counted. Of a profile its total counts.
    logits : ndarray, shape (seeds, n), multiclass (seeds, n, classes), profile (seeds, n, 3)
        Logits or predicted values, a row each seed. Of a profile ``log(1 + total counts)`` as predicted, and of the row
        its negative log likelihood and its squared error.
    clusters : ndarray, shape (n,)
        Cluster of loci of each row.
    thresholds : ndarray, shape (seeds,), optional
        On the scale of the logits, one each seed, chosen on validation data. Where one is NaN (validation data of one
        class), F1 and MCC are left out.
    temperatures : ndarray, shape (seeds,), optional
        That calibrate the logits of each seed (`fit_temperature`), chosen on validation data. Left out where the
        scores of a binary task are no logits.
    n_resamples, level, seed
        Of the bootstrap.

    Returns
    -------
    DataFrame
        Columns metric, estimate, low, high, seeds_sd, n_seeds, undefined, n, n_positive, prevalence.

    Raises
    ------
    UserError
        Where a score is NaN.
    """
    labels, logits, clusters = _present(labels, logits, clusters)
    panels = _panels(kind, logits, thresholds, temperatures)
    found = estimates(panels, labels, clusters, n_resamples=n_resamples, level=level, seed=seed)
    rows = [{"metric": name} | _columns(result, "estimate") for name, result in found.items()]
    return pd.DataFrame(rows).assign(**_counts(kind, labels)).astype({"n_positive": "Int64"})


def comparison_table(
    kind: TaskKind,
    labels: Shaped[np.ndarray, " n"],
    logits: Shaped[np.ndarray, "seeds n *classes"],
    baseline: Shaped[np.ndarray, "seeds_b n *classes"],
    clusters: Integer[np.ndarray, " n"],
    *,
    thresholds: Shaped[np.ndarray, " seeds"] | None = None,
    temperatures: Shaped[np.ndarray, " seeds"] | None = None,
    baseline_thresholds: Shaped[np.ndarray, " seeds_b"] | None = None,
    baseline_temperatures: Shaped[np.ndarray, " seeds_b"] | None = None,
    n_resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Every metric of one method minus that of a baseline, paired by locus and by seed. Takes what `score_table` does.

    Returns
    -------
    DataFrame
        Columns metric, difference, low, high, seeds_sd, n_seeds, undefined, n.

    Raises
    ------
    UserError
        Where a score is NaN.
    """
    kept, logits, kept_clusters = _present(labels, logits, clusters)
    baseline = _present(labels, baseline, clusters)[1]
    ours = _panels(kind, logits, thresholds, temperatures)
    theirs = _panels(kind, baseline, baseline_thresholds, baseline_temperatures)
    bootstrap: dict[str, Any] = {"n_resamples": n_resamples, "level": level, "seed": seed}
    found = paired_differences(ours, theirs, kept, kept_clusters, **bootstrap)
    rows = [{"metric": name} | _columns(result, "difference") for name, result in found.items()]
    return pd.DataFrame(rows).assign(n=len(kept))


def _present(labels: np.ndarray, logits: np.ndarray, clusters: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows that have a label, all of which must have their scores."""
    absent = np.isnan(labels)
    for each in logits:
        refuse_nan(np.where(absent.reshape(-1, *[1] * (each.ndim - 1)), 0, each))
    rows = np.flatnonzero(~absent)
    return labels[rows], logits[:, rows], clusters[rows]


def _panels(
    kind: TaskKind, logits: np.ndarray, thresholds: np.ndarray | None, temperatures: np.ndarray | None
) -> list[Panel]:
    if kind == "regression":
        metrics = {"Pearson": pearson_many, "R2": r2_many, "MSE": mean_squared_error_many}
        return [Panel((name,), metric, logits) for name, metric in metrics.items()]
    if kind == "profile":
        log_counts, *losses = np.moveaxis(logits, 2, 0)
        means = [Panel((name,), _mean, each) for name, each in zip(("profile NLL", "counts MSE"), losses, strict=True)]
        return [*means, Panel(("counts Pearson",), _pearson_of_log_counts, log_counts)]
    if kind == "multiclass":
        accuracy = Panel(("accuracy",), accuracy_many, logits.argmax(axis=2))
        return [accuracy, Panel(("log loss",), log_loss_many, logits)]
    panels = [Panel(RANKED, ranking_many, logits)]
    if thresholds is not None and not np.isnan(thresholds).any():
        panels.append(Panel(("F1", "MCC"), f1_and_mcc_many, logits >= np.asarray(thresholds)[:, None]))
    if temperatures is not None:
        panels.append(Panel(("F1 at .5",), f1_many, logits >= 0))
        calibrated = np.stack([probabilities(*each) for each in zip(logits, temperatures, strict=True)])
        panels.append(Panel(("calibration error",), calibration_error_many, calibrated))
    return panels


def _mean(_: np.ndarray, losses: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean of what has been held against the labels, row by row."""
    return weighted_mean_many(losses, weights)


def _pearson_of_log_counts(labels: np.ndarray, predicted: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Correlation of the logarithm of the labels, which are counts, with predicted log counts."""
    return pearson_many(np.log1p(labels), predicted, weights)


def _columns(result: Estimate, name: str) -> dict[str, Any]:
    columns = asdict(result)
    return {name: columns.pop("value")} | {"seeds_sd" if key == "seed_sd" else key: columns[key] for key in columns}


def _counts(kind: TaskKind, labels: np.ndarray) -> dict[str, Any]:
    if kind != "binary":
        return {"n": len(labels), "n_positive": pd.NA, "prevalence": float("nan")}
    return {
        "n": len(labels),
        "n_positive": int(labels.sum()),
        "prevalence": float(labels.mean()) if len(labels) else float("nan"),
    }
