"""How far the domains lie apart in a network's features: over all windows, within classes, at one share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from cislearn.evaluation.domain_distance import proxy_a_distance
from cislearn.evaluation.halves import FEWEST
from cislearn.experiment.diagnosing.looked_at import Features, draw_rows

CLASSES = {"positives": 1.0, "negatives": 0.0}
CALLS, LABELS, ESTIMATE = "calls", "labels", "estimate"
"""What tells the classes: the run's own calls on both sides, or the labels of both (the target's included).

With ``estimate`` no class is told: all windows are taken, the sources' drawn to the estimated share of positives.
"""
ALL = "all windows"
TOO_FEW = f"a half of the loci has fewer than {FEWEST // 2} windows of a domain"


def domain_distance(test: Features, clusters: Int[np.ndarray, " rows"]) -> pd.DataFrame:
    """Return the row of ``domain_distance.tsv``: pad, low, high, n_source, n_target, note. No label is read.

    Parameters
    ----------
    test : Features
        Of test rows, standardised.
    clusters : ndarray, shape (N,)
        Cluster of loci of each row of the dataset.
    """
    return pd.DataFrame([_measured(test, clusters, np.ones(len(test.rows), bool))])


def class_distances(
    test: Features,
    clusters: Int[np.ndarray, " rows"],
    classes: dict[tuple[str, str], Float[np.ndarray, " n"]],
) -> pd.DataFrame:
    """Return rows of ``class_distance.tsv``: task, told_by, class, and the columns of `domain_distance`.

    Both sides are told by the same thing. Windows that are *called* positive differ from those that *are* positive also
    within one domain, so that calls here and labels there would make a distance out of nothing.

    Parameters
    ----------
    test : Features
        Of test rows, standardised.
    clusters : ndarray, shape (N,)
        Cluster of loci of each row of the dataset.
    classes : dict of (task, told_by) to ndarray, shape (n,)
        1, 0 or NaN for each of these test rows.
    """
    rows = [
        {"task": task, "told_by": told_by, "class": name} | _measured(test, clusters, of_row == value)
        for (task, told_by), of_row in classes.items()
        for name, value in CLASSES.items()
    ]
    return pd.DataFrame(rows)


def distance_left(
    test: Features,
    clusters: Int[np.ndarray, " rows"],
    task: str,
    labels: Float[np.ndarray, " n"],
    prevalence: float,
) -> pd.DataFrame:
    """Return a row of `class_distances`: what is left of the distance with the target's share of positives.

    If only the share differs nothing is left. What is left says that positives or negatives themselves look otherwise,
    and then the share could not be estimated in the first place.

    Parameters
    ----------
    test : Features
        Of test rows, standardised.
    clusters : ndarray, shape (N,)
        Cluster of loci of each row of the dataset.
    task : str
        Whose share.
    labels : ndarray, shape (n,)
        Of these rows; those of the target are not read.
    prevalence : float
        Estimated share of positives in the target.
    """
    positive, negative = (np.flatnonzero((labels == value) & ~test.is_target) for value in (1, 0))
    # The most rows that have this share.
    shares = ((positive, prevalence), (negative, 1 - prevalence))
    n = min(len(rows) / share for rows, share in shares if share > 0)
    drawn = [draw_rows(rows, int(n * share)) for rows, share in shares]
    kept = test.is_target.copy()
    kept[np.concatenate(drawn)] = True
    return pd.DataFrame([{"task": task, "told_by": ESTIMATE, "class": ALL} | _measured(test, clusters, kept)])


def _measured(test: Features, clusters: np.ndarray, kept: Bool[np.ndarray, " n"]) -> dict[str, Any]:
    found = proxy_a_distance(test.values[kept], test.is_target[kept], clusters[test.rows[kept]])
    if found is None:
        return {"pad": np.nan, "low": np.nan, "high": np.nan, "n_source": 0, "n_target": 0, "note": TOO_FEW}
    numbers = {"pad": found.value, "low": found.low, "high": found.high}
    return numbers | {"n_source": found.n_source, "n_target": found.n_target, "note": ""}
