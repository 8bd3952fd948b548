from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from cislearn.data.dataset import Dataset
from cislearn.data.describe import describe
from cislearn.data.leaks import find_leaks
from cislearn.data.parts import LEFT_OUT, TEST, TRAIN, VALID, SplitResult
from cislearn.schema import TaskSpec

from .examples import places, small_dataset


def test_the_data_report_counts_everything(tmp_path):
    loci = places("chr1", [0, 100, 200, 300]).assign(domain=["a", "a", "b", "b"])
    tokens = np.array([[1] * 10, [0] * 10, [2, 0] * 5, [4] * 10], dtype=np.uint8)
    dataset = small_dataset(tmp_path / "d", loci, [1, 0, 1, np.nan], tokens)
    dropped = pd.DataFrame(
        {"reason": ["duplicate of a b.bed line 3", "duplicate of x.bed line 12", "unknown chromosome chrUn"]}
    )
    dataset = Dataset(**{**vars(dataset), "dropped": dropped})
    left_out = pd.DataFrame({"row": [3], "reason": ["same sequence as a test row"]})
    split = SplitResult(np.array([TRAIN, VALID, TEST, LEFT_OUT], dtype=np.int8), "block", ["5-Mb blocks"], left_out)
    report = describe(dataset, split, find_leaks(dataset, split.part), {"a": "source", "b": "target"})
    assert json.loads(json.dumps(report)) == report
    a, b = report["domains"]
    assert a == {
        "name": "a", "role": "source", "n": 2,
        "per_part": {"train": 1, "valid": 1, "test": 0, "left out": 0},
        "per_task": {"t0": {"positive": 1, "negative": 1, "unlabelled": 0}}, "gc_mean": 0.5,
    }  # fmt: skip
    assert b["role"] == "target"
    assert b["gc_mean"] == 0.5
    assert b["per_part"]["left out"] == 1
    assert b["per_task"]["t0"] == {"positive": 1, "negative": 0, "unlabelled": 1}
    assert report["n"] == 4
    assert report["split"]["how"] == "block"
    assert report["split"]["left_out"] == [{"reason": "same sequence as a test row", "n": 1}]
    assert report["dropped"] == [{"reason": "duplicate", "n": 2}, {"reason": "unknown chromosome", "n": 1}]
    assert report["leaks"]["train"]["leaky"] == 0


@pytest.mark.parametrize("kind", ["regression"])
def test_a_real_label_is_counted_as_labelled(tmp_path, kind):
    dataset = small_dataset(tmp_path / "d", places("chr1", [0, 50]), [0.3, np.nan], task=TaskSpec("level", kind))
    split = SplitResult(np.array([TRAIN, TEST], dtype=np.int8), "given")
    domain = describe(dataset, split, find_leaks(dataset, split.part))["domains"][0]
    assert domain["per_task"] == {"level": {"labelled": 1, "unlabelled": 1}}
    assert domain["role"] == "other"
