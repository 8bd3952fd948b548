"""Numbers of a run that may choose it for a target without labels: from validation rows, no target label read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int

from cislearn.evaluation.choosing.agreement import agreement
from cislearn.evaluation.choosing.certainty import mean_entropy, mutual_information
from cislearn.evaluation.choosing.criteria import CRITERIA
from cislearn.evaluation.choosing.importance import deep_embedded_validation, density_ratio
from cislearn.evaluation.choosing.neighbourhood import soft_neighbourhood_density
from cislearn.evaluation.choosing.source_risk import log_losses, source_risk
from cislearn.evaluation.domain_classifier import standardised
from cislearn.evaluation.halves import FEWEST
from cislearn.evaluation.metrics import auroc
from cislearn.experiment.diagnosing.looked_at import Features, binary_tasks, drawn_rows
from cislearn.experiment.roles import Roles
from cislearn.runs import RunFolder

NAMES = tuple(criterion.name for criterion in CRITERIA)


def run_criteria(
    roles: Roles, train: Features, valid: Features, clusters: Int[np.ndarray, " rows"], predictions: pd.DataFrame
) -> pd.DataFrame:
    """Return a run's rows of ``criteria.tsv``: task, the criteria that one run has, n_source, n_target, note.

    Parameters
    ----------
    roles : Roles
        Which rows are which.
    train, valid : Features
        Of training and of validation rows.
    clusters : ndarray, shape (N,)
        Cluster of loci of each row of the dataset.
    predictions : DataFrame
        ``predictions.parquet``, indexed by row. Of the target only logits are read.
    """
    source, target = valid.rows[~valid.is_target], valid.rows[valid.is_target]
    weights = _weights(train, valid, clusters)
    rows: list[dict[str, Any]] = []
    for task in binary_tasks(roles.dataset.spec):
        labels = predictions.loc[source, f"label_{task.name}"].to_numpy(np.float64)
        seen = ~np.isnan(labels)
        about = {"task": task.name, "n_source": int(seen.sum()), "n_target": len(target)}
        if min(seen.sum(), len(target)) < FEWEST:
            rows.append(about | {"note": f"fewer than {FEWEST} validation windows of a domain"})
            continue
        logits = predictions[f"logit_{task.name}"]
        of_source, of_target = (logits.loc[each].to_numpy(np.float64) for each in (source[seen], target))
        found = {
            "source_risk": source_risk(labels[seen], of_source),
            "entropy": mean_entropy(of_target),
            "infomax": mutual_information(of_target),
            "snd": soft_neighbourhood_density(of_target),
            "note": "too few training windows for DEV" if weights is None else "",
        }
        if weights is not None:
            found["dev"] = deep_embedded_validation(log_losses(labels[seen], of_source), weights[seen])
        rows.append(about | found)
    return pd.DataFrame(rows, columns=["task", *NAMES, "n_source", "n_target", "note"])


def with_agreement(table: pd.DataFrame, roles: Roles, runs: Mapping[str, Sequence[RunFolder]]) -> pd.DataFrame:
    """Return ``criteria.tsv`` with what several seeds say together, and with what the test labels say of each run.

    Parameters
    ----------
    table : DataFrame
        The runs' rows, with method and seed.
    roles : Roles
        Which rows are which.
    runs : mapping of str to list of RunFolder
        Method's title to its runs.

    Returns
    -------
    DataFrame
        With `agreement` on the target's validation rows, and last the column target_auroc: of its test rows, NaN
        without labels. No criterion has seen these.
    """
    table = table.assign(target_auroc=np.nan).set_index(["method", "seed", "task"])
    valid, test = drawn_rows(roles, "valid")[1], roles.rows("target", "test")
    for method, each in runs.items():
        predicted = [pd.read_parquet(run.path / "predictions.parquet").set_index("row") for run in each]
        infos = [run.info for run in each]
        for task in binary_tasks(roles.dataset.spec):
            keys = [(method, info["seed"], task.name) for info in infos]
            if not table.index.isin(keys).any():
                continue
            logits = np.stack([of[f"logit_{task.name}"].loc[valid].to_numpy(np.float64) for of in predicted])
            thresholds = np.array([info["thresholds"].get(task.name, np.nan) for info in infos])
            if len(each) > 1 and len(valid) >= FEWEST and not np.isnan(thresholds).any():
                table.loc[keys, "agreement"] = agreement(logits >= thresholds[:, None])
            table.loc[keys, "target_auroc"] = [_auroc(of.loc[test], task.name) for of in predicted]
    return table.reset_index()


def _weights(train: Features, valid: Features, clusters: np.ndarray) -> np.ndarray | None:
    """How much more frequent each validation row of the sources is in the target; None with too few training rows."""
    if min((train.is_target == side).sum() for side in (False, True)) < FEWEST or valid.is_target.all():
        return None
    at = valid.values[~valid.is_target]
    features = standardised(np.concatenate([train.values, at]))
    n = len(train.rows)
    return density_ratio(features[:n], train.is_target, clusters[train.rows], features[n:])


def _auroc(test: pd.DataFrame, task: str) -> float:
    labels = test[f"label_{task}"].to_numpy(np.float64)
    seen = ~np.isnan(labels)
    return auroc(labels[seen], test[f"logit_{task}"].to_numpy(np.float64)[seen])
