from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import matthews_corrcoef, roc_auc_score

from cislearn.evaluation.thresholds import calling_threshold
from cislearn.prediction.loading import load_temperatures, load_thresholds


def mean_predictions(folder, method):
    tables = [pd.read_parquet(folder / method / f"seed-{seed}" / "predictions.parquet") for seed in (0, 1)]
    return tables[0].assign(logit=np.mean([table["logit_GABPA"] for table in tables], axis=0))


@pytest.mark.parametrize("method", ["source_only", "adversarial"])
def test_the_seeds_averaged_are_scored_as_one_model_with_a_threshold_from_source_validation(tiny_experiment, method):
    mean = mean_predictions(tiny_experiment, method)
    valid = mean[(mean["part"] == "valid") & (mean["domain"] == "ery")]
    test = mean[(mean["part"] == "test") & (mean["domain"] == "hep")]
    threshold = calling_threshold(valid["label_GABPA"].to_numpy(), valid["logit"].to_numpy())
    rows = pd.read_csv(tiny_experiment / "averaged.tsv", sep="\t")
    rows = rows[(rows["method"] == method) & (rows["part"] == "target test")].set_index("metric")
    assert rows.loc["AUROC", "estimate"] == pytest.approx(roc_auc_score(test["label_GABPA"], test["logit"]), abs=1e-5)
    expected = matthews_corrcoef(test["label_GABPA"], test["logit"] >= threshold)
    assert rows.loc["MCC", "estimate"] == pytest.approx(expected, abs=1e-5)
    assert set(rows["n_seeds"]) == {1}
    assert load_thresholds(tiny_experiment, method)["GABPA"] == pytest.approx(threshold)


def test_what_saw_target_labels_is_thresholded_on_those(tiny_experiment):
    mean = mean_predictions(tiny_experiment, "target_labels")
    valid = mean[(mean["part"] == "valid") & (mean["domain"] == "hep")]
    expected = calling_threshold(valid["label_GABPA"].to_numpy(), valid["logit"].to_numpy())
    assert load_thresholds(tiny_experiment, "target_labels")["GABPA"] == pytest.approx(expected)


def test_a_single_run_has_its_own_threshold_and_an_older_experiment_none(tiny_experiment, tmp_path):
    run = tiny_experiment / "adversarial" / "seed-1"
    info = json.loads((run / "run.json").read_text())
    assert load_thresholds(run) == info["thresholds"]
    assert load_thresholds(tiny_experiment) == load_thresholds(tiny_experiment, "adversarial")
    assert load_thresholds(tiny_experiment / "adversarial") == {}
    assert len(load_temperatures(tiny_experiment / "adversarial")) == 2
