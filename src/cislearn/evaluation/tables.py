"""The rows of ``summary.tsv`` and ``comparison.tsv``: each metric that a kind of task has, with its interval."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Integer, Shaped

from cislearn.evaluation.calibration import calibration_error_many, probabilities
from cislearn.evaluation.calls import accuracy_many, f1_and_mcc_many, f1_many, log_loss_many
from cislearn.evaluation.handed_in import refuse_nan
from cislearn.evaluation.intervals import Estimate, estimates, paired_differences
from cislearn.evaluation.profiles.names import LOSSES
from cislearn.evaluation.profiles.panels import defined_alike, n_defined, profile_panels
from cislearn.evaluation.ranking import RANKED, ranking_many
from cislearn.evaluation.regression import mean_squared_error_many, pearson_many, r2_many
from cislearn.evaluation.resamples import Panel, Resamples
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
    resamples: Resamples | None = None,
) -> pd.DataFrame:
    """Every metric of one task for one method on one set of rows.

    Parameters
    ----------
    kind : {"binary", "multiclass", "regression", "profile"}
        Binary: AUROC, AUPRC, lift, recall at 5 and at 10 % false discoveries; F1 and MCC where thresholds are given;
        F1 at .5 and calibration error where temperatures are. Multiclass: accuracy, log loss. Regression: Pearson, R2,
        mean squared error. Profile: the `MEANS` over rows of `cislearn.evaluation.profiles.names`, and Pearson and
        Spearman of log counts.
    labels : ndarray, shape (n,)
        NaN where absent; such rows are left out and not counted. Of a profile, the counts of all strands together.
    logits : ndarray, shape (seeds, n), multiclass (seeds, n, classes), profile (seeds, n, 1 + metrics)
        Logits or predicted values, a row each seed. Of a profile ``log(1 + counts)`` as predicted, and what each row
        gives to each of the `MEANS`, NaN where it is not defined.
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
    resamples : Resamples, optional
        What other tables of the same data have computed already.

    Returns
    -------
    DataFrame
        Columns metric, estimate, low, high, seeds_sd, n_seeds, undefined, n, n_positive, prevalence. Of a
        mean over profiles `n` counts the rows on which it is defined for every seed.

    Raises
    ------
    UserError
        Where a score is NaN that is defined wherever there is a label.
    """
    labels, logits, clusters = _present(kind, labels, logits, clusters)
    panels = _panels(kind, labels, logits, thresholds, temperatures)
    found = estimates(panels, labels, clusters, n_resamples=n_resamples, level=level, seed=seed, resamples=resamples)
    defined = n_defined(panels[0]) if kind == "profile" else {}
    counts = _counts(kind, labels)
    rows = [
        {"metric": name} | _columns(result, "estimate") | counts | {"n": defined.get(name, len(labels))}
        for name, result in found.items()
    ]
    return pd.DataFrame(rows).astype({"n_positive": "Int64"})


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
    resamples: Resamples | None = None,
) -> pd.DataFrame:
    """Every metric of one method minus that of a baseline, paired by locus and by seed. Takes what `score_table` does.

    Returns
    -------
    DataFrame
        Columns metric, difference, low, high, seeds_sd, n_seeds, undefined, n.

    Raises
    ------
    UserError
        Where a score is NaN that is defined wherever there is a label.
    """
    kept, logits, kept_clusters = _present(kind, labels, logits, clusters)
    baseline = _present(kind, labels, baseline, clusters)[1]
    ours = _panels(kind, kept, logits, thresholds, temperatures)
    theirs = _panels(kind, kept, baseline, baseline_thresholds, baseline_temperatures)
    if kind == "profile":
        ours[0], theirs[0] = defined_alike(ours[0], theirs[0])
    bootstrap: dict[str, Any] = {"n_resamples": n_resamples, "level": level, "seed": seed, "resamples": resamples}
    found = paired_differences(ours, theirs, kept, kept_clusters, **bootstrap)
    defined = n_defined(ours[0]) if kind == "profile" else {}
    rows = [
        {"metric": name} | _columns(result, "difference") | {"n": defined.get(name, len(kept))}
        for name, result in found.items()
    ]
    return pd.DataFrame(rows)


def _present(
    kind: TaskKind, labels: np.ndarray, logits: np.ndarray, clusters: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows that have a label, all of which must have their scores."""
    absent = np.isnan(labels)
    # Of a profile the counts, which stand first, and the losses, which stand last: the shape may lack a value.
    certain = np.delete(logits, np.s_[1 : -len(LOSSES)], axis=2) if kind == "profile" else logits
    for each in certain:
        refuse_nan(np.where(absent.reshape(-1, *[1] * (each.ndim - 1)), 0, each))
    rows = np.flatnonzero(~absent)
    return labels[rows], logits[:, rows], clusters[rows]


def _panels(
    kind: TaskKind,
    labels: np.ndarray,
    logits: np.ndarray,
    thresholds: np.ndarray | None,
    temperatures: np.ndarray | None,
) -> list[Panel]:
    if kind == "profile":
        return profile_panels(logits[:, :, 0], logits[:, :, 1:])
    if kind == "regression":
        metrics = {"Pearson": pearson_many, "R2": r2_many, "MSE": mean_squared_error_many}
        return [Panel((name,), metric, logits) for name, metric in metrics.items()]
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
