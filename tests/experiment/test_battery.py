"""The battery beside every result: fitted on the sources' training windows alone, and a bar to clear."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

import cislearn as cl
from cislearn.baselines import BATTERY
from tests.conftest import TINY


@pytest.fixture(scope="module")
def with_battery(tiny_data, tmp_path_factory):
    out = tmp_path_factory.mktemp("battery") / "e"
    settings = TINY | {"battery": True}
    return cl.train(tiny_data, target="hep", methods=["source_only"], seeds=2, out=out, settings=settings)


def test_every_simple_model_is_scored(with_battery):
    summary = with_battery.summary
    target = summary[(summary["part"] == "target test") & (summary["metric"] == "AUROC")].set_index("method")
    assert set(target.index) == {*BATTERY, "source_only"}
    assert list(target["n_seeds"].loc[list(BATTERY)]) == [1] * len(BATTERY)
    for name in BATTERY:
        table = pd.read_parquet(with_battery.path / "battery" / name / "predictions.parquet")
        table = table[(table["part"] == "test") & (table["domain"] == "hep")]
        expected = roc_auc_score(table["label_GABPA"], table["logit_GABPA"])
        assert target.loc[name, "estimate"] == pytest.approx(expected, abs=1e-6)


def test_the_bar_is_the_best_of_them_on_the_same_rows(with_battery):
    bar = pd.read_csv(with_battery.path / "over_simple.tsv", sep="\t").set_index("metric")
    summary = with_battery.summary
    target = summary[(summary["part"] == "target test") & (summary["metric"] == "AUROC")].set_index("method")[
        "estimate"
    ]
    assert bar.loc["AUROC", "baseline"] == target.loc[list(BATTERY)].idxmax()
    difference = target["source_only"] - target.loc[list(BATTERY)].max()
    assert bar.loc["AUROC", "difference"] == pytest.approx(difference, abs=2e-6)
    assert "best simple model" in with_battery.report.read_text()


def test_target_labels_do_not_touch_it(tiny_data, with_battery, tmp_path):
    data = cl.read_dataset(tiny_data)
    labels = np.array(data.labels)
    target = (data.loci["domain"] == "hep").to_numpy()
    labels[target] = 1 - labels[target]
    turned = cl.write_dataset(tmp_path / "d", spec=data.spec, loci=data.loci, labels=labels, sequences=data.sequences)
    settings = TINY | {"battery": True}
    cl.train(turned, target="hep", methods=["source_only"], seeds=1, out=tmp_path / "e", settings=settings)
    for name in BATTERY:
        ours, theirs = (p / "battery" / name / "baseline.json" for p in (with_battery.path, tmp_path / "e"))
        assert ours.read_bytes() == theirs.read_bytes()
