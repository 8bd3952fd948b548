"""What leaks buy: AUROC on the test rows that share something with training, and on those that do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cislearn.evaluation.intervals import estimate
from cislearn.evaluation.metrics import auroc_many
from cislearn.experiment.battery import SimpleModel
from cislearn.experiment.methods import Method
from cislearn.experiment.roles import Roles
from cislearn.experiment.score import PART_NAMES, Scores


def leaked_table(scores: Scores, methods: Sequence[Method | SimpleModel], roles: Roles) -> pd.DataFrame | None:
    """Score leaked test rows and the others apart, where rows that leak were kept in training.

    Parameters
    ----------
    scores : Scores
        The test predictions.
    methods : sequence of Method or SimpleModel
        That `scores` has.
    roles : Roles
        With the leaks that were found.

    Returns
    -------
    DataFrame or None
        method, part, domain, task, group, n, n_positive, AUROC, low, high, note. Groups are ``leaked`` test rows, those
        ``not leaked``, and, since sometimes every negative leaks, ``positives not leaked, all negatives``. AUROC is NaN
        where a group has one class only, and the note says so. None where no row that leaks is in train or valid, or
        no task is binary.
    """
    if not (roles.leaks.rows & (roles.split.part >= 0)).any():
        return None
    found = []
    for method in methods:
        for side in roles.sides:
            leaked = roles.leaks.leaky[roles.rows(side, "test")]
            for task in roles.dataset.spec.tasks:
                if task.kind == "binary":
                    about = {
                        "method": method.title,
                        "part": PART_NAMES[side],
                        "domain": roles.domain_name(side),
                        "task": task.name,
                    }
                    found += [about | row for row in _groups(scores.inputs(method.title, side, task), leaked)]
    return pd.DataFrame(found) if found else None


def _groups(inputs: dict[str, Any], leaked: np.ndarray) -> list[dict[str, Any]]:
    """One row of the table for each group that has labelled rows at all."""
    labels, seen = inputs["labels"], ~np.isnan(inputs["labels"])
    if not seen.any():
        return []
    groups = {
        "leaked": leaked,
        "not leaked": ~leaked,
        "positives not leaked, all negatives": ~leaked | (labels == 0),
    }
    rows = []
    for name, group in groups.items():
        mine = np.flatnonzero(group & seen)
        has_both = len(np.unique(labels[mine])) == 2
        counts = {"group": name, "n": len(mine), "n_positive": int(labels[mine].sum())}
        values = {"AUROC": np.nan, "low": np.nan, "high": np.nan, "note": "one class only" if len(mine) else "no row"}
        if has_both:
            found = estimate(auroc_many, labels[mine], inputs["logits"][:, mine], inputs["clusters"][mine])
            values = {"AUROC": found.value, "low": found.low, "high": found.high, "note": ""}
        rows.append(counts | values)
    return rows
