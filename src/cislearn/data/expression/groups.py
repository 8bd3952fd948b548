"""Which genes and conditions of a dataset belong together, and what intervals draw whole."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64

from cislearn.data.dataset import Dataset
from cislearn.data.expression.clusters import promoter_clusters
from cislearn.data.expression.series import gasch_series, series_codes
from cislearn.data.expression.splits import Groups


def groups_of(dataset: Dataset) -> Groups:
    """Genes by the clusters of their promoters, conditions by their series (of Gasch et al.; others are their own)."""
    conditions = [task.name for task in dataset.spec.tasks]
    return Groups(promoter_clusters(dataset.sequences), series_codes(conditions, gasch_series()))


def units(split: str, groups: Groups) -> Int64[np.ndarray, "g c"]:
    """Give each pair what intervals draw whole: that of which a new one comes next time.

    Clusters of genes, or series; single conditions where these are split, or in file order, which holds out few series.
    """
    shape = len(groups.genes), len(groups.conditions)
    if split in ("series", "both"):
        return np.broadcast_to(groups.conditions, shape)
    if split in ("condition", "conditions in file order"):
        return np.broadcast_to(np.arange(shape[1]), shape)
    return np.broadcast_to(groups.genes[:, None], shape)
