"""The rows of ``summary.tsv`` and ``comparison.tsv``: each metric that a kind of task has, with its interval."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Integer, Shaped

from cislearn.errors import UserError
from cislearn.evaluation.calibration import calibration_error_many, probabilities
from cislearn.evaluation.calls import accuracy_many, f1_and_mcc_many, f1_many, log_loss_many, weighted_mean_many
from cislearn.evaluation.handed_in import refuse_nan
from cislearn.evaluation.intervals import Estimate, Panel, estimates, paired_differences
from cislearn.evaluation.profiles.families import FamilyName
from cislearn.evaluation.profiles.panels import n_scored, profile_panels, scored_alike
from cislearn.evaluation.profiles.shapes import log_counts, split_logits
from cislearn.evaluation.ranking import RANKED, ranking_many
from cislearn.evaluation.regression import mean_squared_error_many, pearson_many, r2_many
from cislearn.schema import TaskKind


def score_table(
    kind: TaskKind,
    labels: Shaped[np.ndarray, "n ..."],
    logits: Shaped[np.ndarray, "seeds n *classes"],
    clusters: Integer[np.ndarray, " n"],
    *,
    thresholds: Shaped[np.ndarray, " seeds"] | None = None,
    temperatures: Shaped[np.ndarray, " seeds"] | None = None,
    family: FamilyName = "strand_aware",
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
        mean squared error. Profile, of labels with positions: what `family` has, and the correlations of log counts;
        of total counts: mean negative log likelihood of a row, mean squared error of the log counts of its strands, and
        Pearson of those of all strands together.
    labels : ndarray, shape (n,), profile (n, strands, length) or (n,)
        NaN where absent; such rows are left out and not counted. Reads at each base of a profile, or their sum.
    logits : ndarray, shape (seeds, n), multiclass (seeds, n, classes), profile (seeds, n, strands * (length + 1)) or
        (seeds, n, 3)
        Logits or predicted values, a row each seed. With total counts of a profile ``log(1 + total counts)`` as
        predicted, and of the row its negative log likelihood and its squared error.
    clusters : ndarray, shape (n,)
        Cluster of loci of each row.
    thresholds : ndarray, shape (seeds,), optional
        On the scale of the logits, one each seed, chosen on validation data. Where one is NaN (validation data of one
        class), F1 and MCC are left out.
    temperatures : ndarray, shape (seeds,), optional
        That calibrate the logits of each seed (`fit_temperature`), chosen on validation data. Left out where the
        scores of a binary task are no logits.
    family : {"strand_aware", "published"}
        Metrics of the shape of a profile.
    n_resamples, level, seed
        Of the bootstrap.

    Returns
    -------
    DataFrame
        Columns metric, estimate, low, high, seeds_sd, n_seeds, undefined, n, n_positive, prevalence. For the shape of
        a profile `n` counts the loci on which the metric is defined for every seed.

    Raises
    ------
    UserError
        Where a score is NaN, or a profile is NaN in part.
    """
    labels, logits, clusters = _present(labels, logits, clusters)
    panels = _panels(kind, labels, logits, thresholds, temperatures, family)
    found = estimates(panels, _told(kind, labels), clusters, n_resamples=n_resamples, level=level, seed=seed)
    scored = _n_scored(kind, panels, family)
    counts = _counts(kind, labels)
    rows = [
        {"metric": name} | _columns(result, "estimate") | counts | {"n": scored.get(name, len(labels))}
        for name, result in found.items()
    ]
    return pd.DataFrame(rows).astype({"n_positive": "Int64"})


def comparison_table(
    kind: TaskKind,
    labels: Shaped[np.ndarray, "n ..."],
    logits: Shaped[np.ndarray, "seeds n *classes"],
    baseline: Shaped[np.ndarray, "seeds_b n *classes"],
    clusters: Integer[np.ndarray, " n"],
    *,
    thresholds: Shaped[np.ndarray, " seeds"] | None = None,
    temperatures: Shaped[np.ndarray, " seeds"] | None = None,
    baseline_thresholds: Shaped[np.ndarray, " seeds_b"] | None = None,
    baseline_temperatures: Shaped[np.ndarray, " seeds_b"] | None = None,
    family: FamilyName = "strand_aware",
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
        Where a score is NaN, or a profile is NaN in part.
    """
    kept, logits, kept_clusters = _present(labels, logits, clusters)
    baseline = _present(labels, baseline, clusters)[1]
    ours = _panels(kind, kept, logits, thresholds, temperatures, family)
    theirs = _panels(kind, kept, baseline, baseline_thresholds, baseline_temperatures, family)
    if kind == "profile" and kept.ndim > 1:
        ours[0], theirs[0] = scored_alike(ours[0], theirs[0])
    bootstrap: dict[str, Any] = {"n_resamples": n_resamples, "level": level, "seed": seed}
    found = paired_differences(ours, theirs, _told(kind, kept), kept_clusters, **bootstrap)
    scored = _n_scored(kind, ours, family)
    rows = [
        {"metric": name} | _columns(result, "difference") | {"n": scored.get(name, len(kept))}
        for name, result in found.items()
    ]
    return pd.DataFrame(rows)


def _present(labels: np.ndarray, logits: np.ndarray, clusters: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows that have a label, all of which must have their scores."""
    absent = _absent(labels)
    for each in logits:
        refuse_nan(np.where(absent.reshape(-1, *[1] * (each.ndim - 1)), 0, each))
    rows = np.flatnonzero(~absent)
    return labels[rows], logits[:, rows], clusters[rows]


def _absent(labels: np.ndarray) -> np.ndarray:
    """Rows without a label; a profile has one or has none."""
    missing = np.isnan(labels).reshape(len(labels), -1)
    partly = np.flatnonzero(missing.any(axis=1) & ~missing.all(axis=1))
    if len(partly):
        raise UserError(
            f"{len(partly):,} of {len(labels):,} profiles are NaN at some bases, the first in row {partly[0]:,}, "
            "counted from 0",
            fix="Read bases without a value as 0: a locus is labelled as a whole or not at all.",
        )
    return missing.all(axis=1)


def _told(kind: TaskKind, labels: np.ndarray) -> np.ndarray:
    """The labels as panels take them."""
    return log_counts(labels) if labels.ndim > 1 else labels


def _n_scored(kind: TaskKind, panels: list[Panel], family: FamilyName) -> dict[str, int]:
    """How many rows each metric is of, where that is not all of them."""
    return n_scored(panels[0], family) if panels[0].scores.ndim > 2 and kind == "profile" else {}


def _panels(
    kind: TaskKind,
    labels: np.ndarray,
    logits: np.ndarray,
    thresholds: np.ndarray | None,
    temperatures: np.ndarray | None,
    family: FamilyName,
) -> list[Panel]:
    if kind == "profile" and labels.ndim == 1:
        counts, *losses = np.moveaxis(logits, 2, 0)
        means = [Panel((name,), _mean, each) for name, each in zip(("profile NLL", "counts MSE"), losses, strict=True)]
        return [*means, Panel(("counts Pearson",), _pearson_of_log_counts, counts)]
    if kind == "profile":
        return profile_panels(labels, (split_logits(each, labels.shape[1]) for each in logits), family)
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
