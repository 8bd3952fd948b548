"""What criteria choose, and how far it falls short: a table small enough to be read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cislearn.evaluation.choosing.choices import AT_RANDOM, choices, shortfalls
from cislearn.evaluation.choosing.criteria import CRITERIA

RUNS = pd.DataFrame(
    {
        "method": ["a", "a", "b", "b"],
        "seed": [0, 1, 0, 1],
        "task": "bound",
        "source_risk": [0.1, 0.4, 0.2, 0.2],  # smaller is better
        "dev": [np.nan] * 4,
        "entropy": [0.3, 0.2, np.nan, 0.4],
        "infomax": [0.1, 0.2, 0.3, 0.4],  # larger is better
        "snd": [5.0, 1.0, 1.0, 1.0],
        "agreement": [0.9, 0.9, 0.8, 0.8],
        "target_auroc": [0.7, 0.8, 0.6, 0.9],
    }
)


def test_each_criterion_chooses_by_its_own_direction():
    found = choices(RUNS).set_index("criterion")
    assert found.loc["source_risk", ["method", "seed"]].tolist() == ["a", 0]
    assert found.loc["infomax", ["method", "seed"]].tolist() == ["b", 1]
    assert found.loc["entropy", ["method", "seed"]].tolist() == ["a", 1]  # NaN is never chosen
    assert "dev" not in found.index
    assert found.loc["source_risk", "shortfall"] == pytest.approx(0.2)
    assert found.loc["infomax", "shortfall"] == 0
    assert found.loc[AT_RANDOM, "shortfall"] == pytest.approx(0.15)


def test_methods_are_chosen_by_their_means():
    found = choices(RUNS, "methods").set_index("criterion")
    assert found.loc["source_risk", "method"] == "b"
    assert np.isnan(found.loc["source_risk", "seed"])
    assert found.loc["source_risk", "target_auroc"] == pytest.approx(0.75)
    assert found.loc["snd", "method"] == "a"


def test_target_labels_say_how_good_a_choice_was_and_not_which_it_is():
    for labels in (np.nan, 0.5, -RUNS["target_auroc"]):
        chosen = choices(RUNS.assign(target_auroc=labels))
        pd.testing.assert_frame_equal(
            chosen[["criterion", "method", "seed"]], choices(RUNS)[["criterion", "method", "seed"]]
        )


def test_shortfalls_over_experiments_count_only_where_there_was_a_choice():
    alone, unlabelled = RUNS.iloc[:1], RUNS.assign(target_auroc=np.nan)
    turned = RUNS.assign(target_auroc=1 - RUNS["target_auroc"])
    found = shortfalls([RUNS, alone, unlabelled, turned]).set_index("criterion")
    assert found.loc["infomax", "n"] == 2
    assert found.loc["infomax", "mean"] == pytest.approx((0 + 0.3) / 2)
    assert found.loc["infomax", "worst"] == pytest.approx(0.3)
    assert found.loc["infomax", "found_best"] == 0.5
    assert found.loc[AT_RANDOM, "gain"] == 0
    assert found["mean"].is_monotonic_increasing
    assert shortfalls([unlabelled]).empty


def test_every_criterion_is_a_column():
    assert {criterion.name for criterion in CRITERIA} <= set(RUNS.columns)
