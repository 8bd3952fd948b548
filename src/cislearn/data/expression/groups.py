"""Which genes and conditions of a dataset belong together, and what intervals draw whole."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64

from cislearn.data.dataset import Dataset
from cislearn.data.expression.clusters import promoter_clusters
from cislearn.data.expression.series import series_codes, series_of
from cislearn.data.expression.splits import Groups


def groups_of(dataset: Dataset) -> Groups:
    """Genes by the clusters of their promoters, conditions by their series; what is of none is one of its own."""
    conditions = [task.name for task in dataset.spec.tasks]
    return Groups(promoter_clusters(dataset.sequences), series_codes(conditions, series_of(dataset)))


def units(split: str, groups: Groups) -> Int64[np.ndarray, "g c"]:
    """Give each pair what intervals draw whole: that of which a new one comes next time.

    Clusters of genes, or series; single conditions where these are split, or in file order, which holds out few series.
    """
    shape = len(groups.genes), len(groups.conditions)
    kind = drawn(split)
    if kind == "series":
        return np.broadcast_to(groups.conditions, shape)
    if kind == "conditions":
        return np.broadcast_to(np.arange(shape[1]), shape)
    return np.broadcast_to(groups.genes[:, None], shape)


def drawn(split: str) -> str:
    """Return what the `units` of a split are, for people."""
    if split in ("series", "both"):
        return "series"
    return "conditions" if split in ("condition", "conditions in file order") else "clusters of genes"


def split_remarks(split: str, groups: Groups) -> list[str]:
    """Say what a split by series does not keep together, where no two conditions are of one series."""
    if drawn(split) != "series" or len(np.unique(groups.conditions)) < len(groups.conditions):
        return []
    return [
        "No two conditions are known to be of one series, so this split is one by conditions: neighbours of a tested"
        " one may have been trained on. Prepare the data with --series."
    ]
