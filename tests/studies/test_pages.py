"""Pages of studies with replicates, and of those that hold everything against one pipeline."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cislearn.experiment.reading import make_config
from cislearn.reports.numbers import DASH, signed
from cislearn.studies.pipelines import VARIANTS, Defaults, Presets
from cislearn.studies.referred import referred
from cislearn.studies.replicated import paired_interval, replicated
from cislearn.studies.simulated import EVALUATION, SimulatedBenchmark
from cislearn.studies.study import Trial

ANY_CONFIG = make_config({"data": {"path": "data"}})


def test_the_paired_interval_is_that_of_a_t_test():
    differences = np.random.default_rng(0).normal(0.1, 0.3, 10)
    found = stats.ttest_1samp(differences, 0).confidence_interval()
    assert paired_interval(differences) == pytest.approx((differences.mean(), found.low, found.high))
    assert np.isnan(paired_interval(differences[:1])[1:]).all()


def rows(axes, methods, values):
    return pd.DataFrame(
        [
            {**dict(zip(axes, place, strict=True)), "method": method, "metric": metric, "estimate": value, "n_seeds": 1}
            for place, by_method in values.items()
            for method, value in zip(methods, by_method, strict=True)
            for metric in ("AUROC", "AUPRC", "MCC")
        ]
    )


def test_replicates_are_averaged_and_paired_and_the_rest_is_said_to_be_missing():
    trials = [Trial({"family": "mixed", "simulation": str(s)}, ANY_CONFIG) for s in (100, 101, 102)]
    methods = ["source_only", "adversarial", "six_mers"]
    scores = rows(
        ("family", "simulation"), methods, {("mixed", "100"): (0.8, 0.9, 0.7), ("mixed", "101"): (0.7, 0.84, 0.6)}
    )
    progress = pd.DataFrame(
        [
            {"family": "mixed", "simulation": str(s), "method": m, "runs": 1, "done": done, "core_hours_left": left}
            for s, done, left in ((100, 1, 0.0), (101, 1, 0.0), (102, 0, 0.5))
            for m in methods[:2]
        ]
    )
    page = "\n".join(replicated(SimulatedBenchmark(), trials, scores, progress))
    assert "| source only | 2 | .750 ± .071 |" in page
    mean, low, high = paired_interval(np.array([0.1, 0.14]))
    assert f"+{mean:.3f}".replace("0.", ".") in page and f"+{high:.3f}".replace("0.", ".") in page and low < 0
    assert "| six mers | 2 | .650 ± .071 | .650 |  |  |" in page
    assert "not run: 2 of 6 (est. 1.00 core-h)" in page


def test_pipelines_are_held_against_the_reference_over_the_sets_that_both_have():
    trials = [Trial({"pipeline": p, "set": s}, ANY_CONFIG) for p in ("wide", "8 epochs") for s in ("one", "two")]
    scores = rows(
        ("pipeline", "set"),
        ["supervised"],
        {("wide", "one"): (0.9,), ("wide", "two"): (0.8,), ("8 epochs", "one"): (0.88,)},
    )
    progress = pd.DataFrame(
        [
            {"pipeline": "wide", "set": s, "method": "supervised", "runs": 1, "done": 1, "core_hours_left": 0.0}
            for s in ("one", "two")
        ]
        + [{"pipeline": "8 epochs", "set": "two", "method": "supervised", "runs": 1, "done": 0, "core_hours_left": 0.2}]
    )
    page = "\n".join(referred(Defaults(), trials, scores, progress))
    assert "| wide | .900 | .800 |  |" in page
    assert f"| 8 epochs | .880 | {DASH} | {signed(-0.02)} ({DASH}, {DASH}) |" in page
    assert "| 8 epochs | not run: 1 of 1 (est. 0.20 core-h) |" in page


def test_the_seeds_of_the_evaluation_are_none_of_those_that_were_tuned_on():
    assert set(EVALUATION) == set(range(100, 110))


def test_every_pipeline_is_a_configuration():
    from cislearn.experiment.reading import make_config

    found = {name: make_config({**each, "data": {"path": "x"}}) for name, each in VARIANTS.items()}
    assert len({config.model_dump_json() for config in found.values()}) == len(found)
    assert found["plain residual"].training.weight_average == 0
    assert Presets.reference in VARIANTS
