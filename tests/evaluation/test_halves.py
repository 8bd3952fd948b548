"""Halves of loci: whole clusters, and the same share of either set in each."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cislearn.evaluation.halves import deal_clusters

ROWS = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=60)


@given(ROWS, st.integers(1, 4))
def test_clusters_stay_whole_and_kinds_are_dealt_evenly(rows, n_parts):
    clusters, is_second = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    part = deal_clusters(clusters, is_second, n_parts, np.random.default_rng(0))
    kinds: dict[tuple[bool, ...], list[int]] = {}
    for cluster in np.unique(clusters):
        mine = clusters == cluster
        assert len(np.unique(part[mine])) == 1
        kinds.setdefault(tuple(np.unique(is_second[mine])), []).append(int(part[mine][0]))
    for parts in kinds.values():
        counts = np.bincount(parts, minlength=n_parts)
        assert counts.max() - counts.min() <= 1


def test_one_large_cluster_does_not_drag_the_others_along():
    clusters = np.concatenate([np.zeros(50, int), np.arange(1, 51)])
    part = deal_clusters(clusters, np.zeros(100, bool), 2, np.random.default_rng(0))
    assert (part[50:] == 1).sum() in (25, 26)
