"""The diagnoses of one run, made while its network is at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from jaxtyping import Float

from cislearn.data.clusters import locus_clusters
from cislearn.experiment.diagnosing.criteria import run_criteria
from cislearn.experiment.diagnosing.distances import CALLS, LABELS, class_distances, distance_left, domain_distance
from cislearn.experiment.diagnosing.looked_at import Features, binary_tasks, look_at
from cislearn.experiment.diagnosing.picture import picture
from cislearn.experiment.diagnosing.prior import can_tell, estimated_prevalence, shift_rows
from cislearn.experiment.methods import Method
from cislearn.experiment.roles import Roles
from cislearn.experiment.setting import Setting
from cislearn.models.network import Network

DISTANCES, CLASS_DISTANCES = "domain_distance.tsv", "class_distance.tsv"
CRITERIA, PICTURE = "criteria.tsv", "features.parquet"


def diagnose_run(
    setting: Setting,
    method: Method,
    network: Network,
    predictions: pd.DataFrame,
    thresholds: Mapping[str, float],
) -> dict[str, pd.DataFrame]:
    """Return the tables of a run's diagnoses by the names of their files; none without a target.

    Labels of the target's test rows are read for the class distances that say so and for the picture, after all
    training; nothing else here sees a label of the target.

    Parameters
    ----------
    setting : Setting
        Data and device.
    method : Method
        Of the run.
    network : Network
        Trained.
    predictions : DataFrame
        ``predictions.parquet``.
    thresholds : mapping of str to float
        Of the run, by binary task.
    """
    roles = setting.roles
    if roles.target is None:
        return {}
    clusters, predicted = locus_clusters(roles.dataset), predictions.set_index("row")
    test = look_at(setting, network, "test").standardised()
    tables = distance_tables(roles, test, clusters, _calls(roles, test, predicted, thresholds))
    tables[CLASS_DISTANCES] = pd.concat([tables[CLASS_DISTANCES], *_left(roles, test, clusters, predicted)])
    if method.labelled != "target" and binary_tasks(roles.dataset.spec):
        train, valid = (look_at(setting, network, part) for part in ("train", "valid"))
        tables[CRITERIA] = run_criteria(roles, train, valid, clusters, predicted)
    return {name: table for name, table in tables.items() if len(table)}


def distance_tables(
    roles: Roles, test: Features, clusters: np.ndarray, calls: Mapping[str, Float[np.ndarray, " n"]]
) -> dict[str, pd.DataFrame]:
    """Return distances and picture of a network from its test features.

    Parameters
    ----------
    roles : Roles
        Which rows are which.
    test : Features
        Of test rows, standardised.
    clusters : ndarray, shape (N,)
        Cluster of loci of each row of the dataset.
    calls : mapping of str to ndarray, shape (n,)
        By task, 1, 0 or NaN of each of these rows; empty for a network that calls nothing yet.
    """
    spec, labels = roles.dataset.spec, roles.dataset.labels_float(test.rows).astype(np.float64)
    by_label = {task.name: labels[:, spec.tasks.index(task)] for task in binary_tasks(spec)}
    classes = {(task, CALLS): each for task, each in calls.items()}
    classes |= {(t, LABELS): each for t, each in by_label.items() if not np.isnan(each[test.is_target]).all()}
    tables = {DISTANCES: domain_distance(test, clusters), CLASS_DISTANCES: class_distances(test, clusters, classes)}
    if by_label and min(test.is_target.sum(), (~test.is_target).sum(), test.values.shape[1]) > 1:
        first = next(iter(by_label))
        tables[PICTURE] = picture(test, by_label[first], calls.get(first, np.full(len(test.rows), np.nan)))
    return tables


def _left(roles: Roles, test: Features, clusters: np.ndarray, predicted: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Distance that the estimated share of positives leaves, by task; no label of the target is read."""
    for task in binary_tasks(roles.dataset.spec):
        labels = predicted[f"label_{task.name}"]
        used, known = shift_rows(roles, labels)
        if can_tell(known):
            share = estimated_prevalence(known, predicted.loc[used, f"logit_{task.name}"].to_numpy(np.float64))
            yield distance_left(test, clusters, task.name, labels.loc[test.rows].to_numpy(np.float64), share)


def _calls(
    roles: Roles, test: Features, predicted: pd.DataFrame, thresholds: Mapping[str, float]
) -> dict[str, Float[np.ndarray, " n"]]:
    """Calls of the test rows by task, where there is a threshold."""
    names = [task.name for task in binary_tasks(roles.dataset.spec)]
    return {
        name: (predicted.loc[test.rows, f"logit_{name}"].to_numpy() >= thresholds[name]).astype(np.float64)
        for name in names
        if not np.isnan(thresholds[name])
    }
