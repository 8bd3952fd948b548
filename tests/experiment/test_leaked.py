from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from cislearn.data.leaks import find_leaks, keep_leaks
from cislearn.data.parts import TEST, TRAIN, SplitResult
from cislearn.experiment.leaked import leaked_table
from cislearn.experiment.roles import Roles
from cislearn.experiment.score import Scores
from tests.data.examples import places, small_dataset

METHOD = SimpleNamespace(title="source_only")
N = 60


def scored(folder, labels, leaky):
    """Rows of `a` for training, then as many of `b` for testing, of which the `leaky` ones overlap one of `a`."""
    rng = np.random.default_rng(3)
    start = 1000 * np.arange(N)
    both = pd.concat([places("chr1", start), places("chr1", np.where(leaky, start + 2, start + 500))])
    loci = both.reset_index(drop=True).assign(domain=["a"] * N + ["b"] * N)
    dataset = small_dataset(folder, loci, np.concatenate([np.tile([1.0, 0.0], N // 2), labels]))
    part = np.repeat(np.array([TRAIN, TEST], dtype=np.int8), N)
    leaks = find_leaks(dataset, part)
    roles = Roles(dataset, ("a",), "b", keep_leaks(SplitResult(part, "given"), leaks), leaks, np.zeros(len(part), bool))
    scores = Scores(roles, np.arange(2 * N), {})
    rows = np.arange(N, 2 * N)
    scores.tables["source_only"] = [
        pd.DataFrame({"label_t0": labels, "logit_t0": np.nan_to_num(labels) + rng.normal(size=N)}, index=rows)
        for _ in range(2)
    ]
    scores.thresholds["source_only"] = scores.temperatures["source_only"] = [{}, {}]
    return scores, roles


def test_each_group_is_scored_by_itself(tmp_path):
    labels, leaky = np.tile([1.0, 0.0, 1.0, 0.0, np.nan], N // 5), np.arange(N) < 35
    scores, roles = scored(tmp_path / "d", labels, leaky)
    table = leaked_table(scores, [METHOD], roles)
    assert table[["method", "part", "domain", "task"]].drop_duplicates().values.tolist() == [
        ["source_only", "target test", "b", "t0"]
    ]
    groups = {
        "leaked": leaky,
        "not leaked": ~leaky,
        "positives not leaked, all negatives": ~leaky | (labels == 0),
    }
    assert table["group"].tolist() == list(groups)
    logits = [each["logit_t0"].to_numpy() for each in scores.tables["source_only"]]
    for row, group in zip(table.to_dict("records"), groups.values(), strict=True):
        mine = group & ~np.isnan(labels)
        assert (row["n"], row["n_positive"], row["note"]) == (mine.sum(), (labels[mine] == 1).sum(), "")
        expected = np.mean([roc_auc_score(labels[mine], each[mine]) for each in logits])
        assert row["AUROC"] == pytest.approx(expected)
        assert row["low"] < row["AUROC"] < row["high"]


def test_where_every_negative_leaks_the_last_group_still_has_a_number(tmp_path):
    labels = np.tile([1.0, 0.0], N // 2)
    scores, roles = scored(tmp_path / "d", labels, labels == 0)
    table = leaked_table(scores, [METHOD], roles).set_index("group")
    assert table["note"].tolist() == ["one class only", "one class only", ""]
    assert np.isnan(table.loc[["leaked", "not leaked"], ["AUROC", "low", "high"]]).all(axis=None)
    assert table.loc["positives not leaked, all negatives", "AUROC"] > 0.5


def test_without_leaks_in_training_there_is_no_table(tmp_path):
    labels = np.tile([1.0, 0.0], N // 2)
    scores, roles = scored(tmp_path / "d", labels, np.zeros(N, dtype=bool))
    assert leaked_table(scores, [METHOD], roles) is None
