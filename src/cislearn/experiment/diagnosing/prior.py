"""How frequent positives are in the target, as the runs' own predictions tell it: no target label is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from scipy.special import expit

from cislearn.evaluation.halves import FEWEST
from cislearn.evaluation.intervals import estimates
from cislearn.evaluation.label_shift import (
    black_box_prevalence_many,
    likeliest_prevalence_many,
    source_prevalence_many,
)
from cislearn.evaluation.resamples import ManyMetric, Panel
from cislearn.evaluation.thresholds import fit_platt
from cislearn.experiment.diagnosing.looked_at import binary_tasks, draw_rows
from cislearn.experiment.roles import Roles
from cislearn.runs import RunFolder
from cislearn.schema import TaskSpec

N_RESAMPLES = 500
BLACK_BOX, LIKELIEST = "calls", "probabilities"
"""The two estimates, by what they are made from."""


def label_shift_table(
    roles: Roles, clusters: Int[np.ndarray, " rows"], runs: Mapping[str, Sequence[RunFolder]]
) -> pd.DataFrame:
    """Return ``label_shift.tsv``: by method and task, the prevalence of the target from calls and from probabilities.

    Parameters
    ----------
    roles : Roles
        Which rows are which. Validation rows of the sources with their labels, validation and test rows of the target
        without: labels of the target are taken away before anything is computed.
    clusters : ndarray, shape (N,)
        Cluster of loci of each row of the dataset.
    runs : mapping of str to list of RunFolder
        Method's title to its runs, none of which saw target labels.

    Returns
    -------
    DataFrame
        method, task, told_by, source (prevalence among the sources' validation rows), prevalence, low, high, difference
        (prevalence - source) with its interval, seen (prevalence of the target's labelled test rows, of which the
        estimates know nothing), n_source, n_target. Intervals are over loci and seeds.
    """
    rows = []
    for method, each in runs.items():
        predicted = [pd.read_parquet(run.path / "predictions.parquet").set_index("row") for run in each]
        for task in binary_tasks(roles.dataset.spec):
            used, known = shift_rows(roles, predicted[0][f"label_{task.name}"])
            thresholds = np.array([run.info["thresholds"].get(task.name, np.nan) for run in each])
            if not can_tell(known) or np.isnan(thresholds).any():
                continue
            logits = np.stack([of.loc[used, f"logit_{task.name}"].to_numpy(np.float64) for of in predicted])
            n_target = int(np.isnan(known).sum())
            counts = {"seen": _seen(roles, task), "n_source": len(known) - n_target, "n_target": n_target}
            about = {"method": method, "task": task.name}
            rows += [about | found | counts for found in _estimated(known, logits, thresholds, clusters[used])]
    return pd.DataFrame(rows)


def shift_rows(roles: Roles, labels: pd.Series) -> tuple[Int[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Draw the rows that tell the share of positives, and give them the labels that may be seen.

    Parameters
    ----------
    roles : Roles
        Which rows are which.
    labels : Series
        Of a binary task, by row of the dataset.

    Returns
    -------
    rows : ndarray, shape (n,), int64
        Labelled validation rows of the sources, then validation and test rows of the target.
    known : ndarray, shape (n,)
        Labels of the former, NaN for the latter.
    """
    source = roles.rows("sources", "valid")
    source = draw_rows(source[labels.loc[source].notna().to_numpy()])
    target = draw_rows(np.concatenate([roles.rows("target", part) for part in ("valid", "test")]))
    known = np.concatenate([labels.loc[source].to_numpy(np.float64), np.full(len(target), np.nan)])
    return np.concatenate([source, target]), known


def can_tell(known: Float[np.ndarray, " n"]) -> bool:
    """Whether there are enough rows of both sides, and both classes among those with a label."""
    seen = known[~np.isnan(known)]
    return min(len(seen), len(known) - len(seen)) >= FEWEST and len(np.unique(seen)) == 2


def estimated_prevalence(known: Float[np.ndarray, " n"], logits: Float[np.ndarray, " n"]) -> float:
    """Prevalence of the target from the probabilities of one run.

    Parameters
    ----------
    known : ndarray, shape (n,)
        Labels of `shift_rows` that `can_tell`.
    logits : ndarray, shape (n,)
        Of the same rows.
    """
    return float(likeliest_prevalence_many(known, _calibrated(known, logits), np.ones((1, len(known))))[0])


def _estimated(labels: np.ndarray, logits: np.ndarray, thresholds: np.ndarray, clusters: np.ndarray) -> list[dict]:
    """Both estimates of one method and task, each with its difference to the sources."""
    scores: dict[str, tuple[ManyMetric, np.ndarray]] = {
        BLACK_BOX: (black_box_prevalence_many, logits >= thresholds[:, None]),
        LIKELIEST: (likeliest_prevalence_many, np.stack([_calibrated(labels, each) for each in logits])),
    }
    rows = []
    for told_by, (many, each) in scores.items():
        panel = Panel(("target", "difference", "source"), _beside_the_source(many), each)
        found = estimates([panel], labels, clusters, n_resamples=N_RESAMPLES)
        target, apart = found["target"], found["difference"]
        rows.append(
            {"told_by": told_by, "source": found["source"].value}
            | {"prevalence": target.value, "low": target.low, "high": target.high}
            | {"difference": apart.value, "difference_low": apart.low, "difference_high": apart.high}
        )
    return rows


def _beside_the_source(many: ManyMetric) -> ManyMetric:
    """Prevalence of the target, its difference to the source's, and the source's, a column each."""

    def metric(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
        target, source = many(labels, scores, weights), source_prevalence_many(labels, scores, weights)
        return np.stack([target, target - source, source], axis=1)

    return metric


def _calibrated(labels: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Probabilities by slope and offset on the rows with a label: a temperature alone leaves an offset as it is."""
    seen = ~np.isnan(labels)
    slope, offset = fit_platt(labels[seen], logits[seen])
    return expit(slope * logits + offset)


def _seen(roles: Roles, task: TaskSpec) -> float:
    """Share of positives among the target's labelled test rows, for the reader to hold beside the estimates."""
    column = roles.dataset.spec.tasks.index(task)
    labels = roles.dataset.labels_float(roles.rows("target", "test"))[:, column]
    labels = labels[~np.isnan(labels)]
    return float(labels.mean()) if len(labels) else float("nan")
