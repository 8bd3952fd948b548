"""What criteria say stands among the scores, and is held against the best choice."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from cislearn.evaluation.choosing.criteria import CRITERIA
from cislearn.studies.criteria import PREFIX, shortfall_table, with_criteria

SCORES = pd.DataFrame({"method": ["a", "b"], "metric": "AUROC", "estimate": [0.8, 0.9], "n_seeds": 2})


def experiment(path, risks):
    columns = {criterion.name: float("nan") for criterion in CRITERIA}
    rows = [
        columns | {"method": method, "seed": seed, "source_risk": risk + 0.01 * seed}
        for method, risk in risks.items()
        for seed in (0, 1)
    ]
    pd.DataFrame(rows).to_csv(path / "criteria.tsv", sep="\t", index=False)
    return SimpleNamespace(path=path)


def test_criteria_stand_among_the_scores_as_means_over_seeds(tmp_path):
    found = with_criteria(SCORES, experiment(tmp_path, {"a": 0.3, "b": 0.2}))
    mine = found[found["metric"] == f"{PREFIX}source_risk"].set_index("method")["estimate"]
    assert mine.to_dict() == pytest.approx({"a": 0.305, "b": 0.205})
    assert len(found) == 4  # what has no value has no row
    assert with_criteria(SCORES, SimpleNamespace(path=tmp_path / "nowhere")) is SCORES


def test_a_choice_falls_short_by_what_the_better_method_had_more(tmp_path):
    right = with_criteria(SCORES, experiment(tmp_path, {"a": 0.3, "b": 0.2})).assign(trial="1")
    wrong = with_criteria(SCORES, experiment(tmp_path, {"a": 0.1, "b": 0.2})).assign(trial="2")
    page = shortfall_table(pd.concat([right, wrong]), ["trial"])
    assert "| Source risk | 2 | .050 | .100 | 50% | .000 |" in page
    assert "| at random | 2 | .050 |" in page
    assert shortfall_table(SCORES.assign(trial="1"), ["trial"]) is None
