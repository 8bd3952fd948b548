"""The worst genes, conditions and pairs, against a plain loop."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cislearn.evaluation.worst import FEWEST, find_worst


def test_against_a_plain_loop(rng):
    genes, conditions = [f"g{k}" for k in range(30)], [f"c{k}" for k in range(25)]
    labels, predicted = rng.normal(size=(2, 30, 25))
    labels[rng.random(labels.shape) < 0.2] = np.nan
    tested = rng.random(labels.shape) < 0.6
    tested[4, FEWEST:] = False
    tested[5] = False
    found = find_worst(labels, predicted, tested, genes, conditions, most=7)
    for what, names, turn in (("gene", genes, lambda a: a), ("condition", conditions, lambda a: a.T)):
        rows = []
        for name, truth, said, is_tested in zip(names, *map(turn, (labels, predicted, tested)), strict=True):
            seen = is_tested & ~np.isnan(truth)
            if seen.sum() >= FEWEST:
                rows.append((name, seen.sum(), ((truth - said)[seen] ** 2).mean(), truth[seen].var()))
        expected = pd.DataFrame(rows, columns=[what, "n", "MSE", "variance"]).sort_values("MSE", ascending=False)
        mine = found.genes if what == "gene" else found.conditions
        pd.testing.assert_frame_equal(mine, expected.head(7).reset_index(drop=True), check_dtype=False)
    errors = [
        (abs(labels[g, c] - predicted[g, c]), genes[g], conditions[c])
        for g in range(30) for c in range(25) if tested[g, c] and not np.isnan(labels[g, c])
    ]  # fmt: skip
    assert list(zip(found.pairs["gene"], found.pairs["condition"], strict=True)) == [
        each[1:] for each in sorted(errors, reverse=True)[:7]
    ]


def test_absent_labels_and_what_is_not_tested_are_never_told():
    labels, tested = np.array([[1.0, np.nan, 100.0]]), np.array([[True, True, False]])
    found = find_worst(labels, np.zeros((1, 3)), tested, ["g"], ["a", "b", "c"])
    assert len(found.pairs) == 1 and found.pairs["condition"][0] == "a" and not len(found.genes)
