"""The diagnoses of an experiment: those of its runs, of the network before training, and what runs say together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int

from cislearn.experiment.diagnosing.criteria import with_agreement
from cislearn.experiment.diagnosing.looked_at import MOST_TASKS, binary_tasks, look_at
from cislearn.experiment.diagnosing.prior import label_shift_table
from cislearn.experiment.diagnosing.run import CLASS_DISTANCES, CRITERIA, DISTANCES, PICTURE, distance_tables
from cislearn.experiment.gathered import gather, name_run
from cislearn.experiment.materials import fresh_network
from cislearn.experiment.underway import Underway
from cislearn.runs import UNTRAINED
from cislearn.tables import write_table

LABEL_SHIFT = "label_shift.tsv"


def diagnose_experiment(underway: Underway, clusters: Int[np.ndarray, " rows"]) -> dict[str, Any]:
    """Write the tables of an experiment's diagnoses, and return what ``experiment.json`` says of them.

    Parameters
    ----------
    underway : Underway
        All runs of which are finished.
    clusters : ndarray, shape (N,)
        Cluster of loci of each row of the dataset.

    Returns
    -------
    dict
        ``adapts``: methods that learn from the target's windows and none of its labels. ``not_diagnosed``: what is not
        there, and why. Empty without a target.
    """
    roles, seeds = underway.setting.roles, underway.setting.config.training.seeds
    if roles.target is None:
        return {}
    honest = [method for method in underway.methods if method.labelled != "target"]
    runs = {method.title: [underway.folder.run(method.title, seed) for seed in seeds] for method in honest}
    before = _untrained(underway, clusters)
    tables = {}
    for name in (DISTANCES, CLASS_DISTANCES, PICTURE):
        found = [before.get(name), gather(underway.runs, name)]
        tables[name] = pd.concat([table for table in found if table is not None] or [pd.DataFrame()])
    criteria = gather(underway.runs, CRITERIA)
    tables[CRITERIA] = pd.DataFrame() if criteria is None else with_agreement(criteria, roles, runs)
    tables[LABEL_SHIFT] = label_shift_table(roles, clusters, runs)
    for name, table in tables.items():
        if len(table):
            write_table(underway.folder.path / name, table)
    adapts = [method.title for method in honest if "target" in method.objective.draws]
    return {"adapts": adapts, "not_diagnosed": _reasons(underway, tables)}


def _untrained(underway: Underway, clusters: np.ndarray) -> dict[str, pd.DataFrame]:
    """Distances and picture of the network that the first seed begins with."""
    setting = underway.setting
    seed = setting.config.training.seeds[0]
    test = look_at(setting, fresh_network(setting, seed), "test").standardised()
    tables = distance_tables(setting.roles, test, clusters, {})
    return {name: name_run(UNTRAINED, seed, table) for name, table in tables.items() if len(table)}


def _reasons(underway: Underway, tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Why a table is not there."""
    tasks = underway.setting.roles.dataset.spec.tasks
    looked_at = binary_tasks(underway.setting.roles.dataset.spec)
    absent = [name for name, table in tables.items() if not len(table)]
    honest = any(method.labelled != "target" for method in underway.methods)
    few = "too few windows" if honest else "every method saw target labels"
    reason = few if looked_at else "no binary task"
    more = len([task for task in tasks if task.kind == "binary"]) > len(looked_at)
    return dict.fromkeys(absent, reason) | ({"further tasks": f"the first {MOST_TASKS} are looked at"} if more else {})
