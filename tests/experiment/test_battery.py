"""The battery beside every result: fitted on the sources' training windows alone, and a bar to clear."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

import cislearn as cl
from cislearn.baselines import BATTERY
from cislearn.data.dataset import Dataset
from cislearn.experiment.battery import LEFT_OUT, NOT_FITTED, fit_models, left_out_of_battery, predict_models
from cislearn.experiment.config import DataConfig
from cislearn.experiment.roles import Roles, assign_roles
from cislearn.schema import TaskSpec
from tests.conftest import TINY
from tests.data.examples import places, small_dataset

BLIND = [name for name in BATTERY if name != "chromosome_of_origin"]
"""Those that need no coordinates, which the simulated data does not have."""


@pytest.fixture(scope="module")
def with_battery(tiny_data, tmp_path_factory):
    out = tmp_path_factory.mktemp("battery") / "e"
    settings = TINY | {"battery": True}
    return cl.train(tiny_data, target="hep", methods=["source_only"], seeds=2, out=out, settings=settings)


def test_every_simple_model_is_scored(with_battery):
    summary = with_battery.summary
    target = summary[(summary["part"] == "target test") & (summary["metric"] == "AUROC")].set_index("method")
    assert set(target.index) == {*BLIND, "source_only"}
    assert list(target["n_seeds"].loc[BLIND]) == [1] * len(BLIND)
    assert json.loads((with_battery.path / "battery" / LEFT_OUT).read_text()) == {
        "chromosome_of_origin": "no coordinates are known"
    }
    for name in BLIND:
        table = pd.read_parquet(with_battery.path / "battery" / name / "predictions.parquet")
        table = table[(table["part"] == "test") & (table["domain"] == "hep")]
        expected = roc_auc_score(table["label_GABPA"], table["logit_GABPA"])
        assert target.loc[name, "estimate"] == pytest.approx(expected, abs=1e-6)


def test_no_selection_rule_is_said_of_what_has_no_checkpoints(with_battery):
    """Else `oracle` would be stamped on simple models too."""
    rules = with_battery.summary.groupby("method")["selection"].unique()
    assert all(rules[name].tolist() == ["none"] for name in rules.index if name in BATTERY)
    assert rules["source_only"].tolist() == ["source_validation"]


def test_the_bar_is_the_best_of_them_on_the_same_rows(with_battery):
    bar = pd.read_csv(with_battery.path / "over_simple.tsv", sep="\t").set_index("metric")
    summary = with_battery.summary
    target = summary[(summary["part"] == "target test") & (summary["metric"] == "AUROC")].set_index("method")[
        "estimate"
    ]
    assert bar.loc["AUROC", "baseline"] == target.loc[BLIND].idxmax()
    difference = target["source_only"] - target.loc[BLIND].max()
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
    for name in BLIND:
        ours, theirs = (p / "battery" / name / "baseline.json" for p in (with_battery.path, tmp_path / "e"))
        assert ours.read_bytes() == theirs.read_bytes()


def roles_of(dataset: Dataset, target: str | None = None) -> Roles:
    return assign_roles(dataset, DataConfig(path=dataset.path, target=target))


@pytest.fixture
def placed(tmp_path, rng) -> Dataset:
    """Two tasks on ten chromosomes; of the second the positives of half of the chromosomes are negatives instead."""
    loci = places([f"chr{k % 10}" for k in range(400)], 50 * np.arange(400))
    first = rng.integers(0, 2, 400)
    return small_dataset(tmp_path / "d", loci, np.stack([first, first * (np.arange(400) % 2)], axis=1))


def test_the_chromosome_is_read_from_the_training_rows_of_the_sources(placed):
    models = fit_models(roles_of(placed), BATTERY)
    train = roles_of(placed).rows("sources", "train")
    for t in range(2):
        counts = models["chromosome_of_origin"][t].parameters()["by_chromosome"]
        for name, (positive, negative) in counts.items():
            mine = placed.labels[train][(placed.loci["chrom"][train] == name.lstrip("|")).to_numpy(), t]
            assert (positive, negative) == ((mine == 1).sum(), (mine == 0).sum())


def test_tasks_and_models_at_once_are_as_each_by_itself(placed):
    roles, rows = roles_of(placed), np.arange(len(placed))
    together = predict_models(placed, fit_models(roles, BATTERY), rows)
    for name in BATTERY:
        alone = predict_models(placed, fit_models(roles, [name]), rows)
        np.testing.assert_array_equal(together[name], alone[name])


def test_tasks_with_labels_of_their_own_are_fitted_to_their_own_rows(placed, tmp_path):
    labels = placed.labels_float(np.arange(400)).astype(float)
    half = labels.copy()
    half[:200, 1] = np.nan
    one = small_dataset(tmp_path / "half", placed.loci, half)
    other = small_dataset(tmp_path / "second", placed.loci[200:].reset_index(drop=True), labels[200:, 1:])
    roles = roles_of(one)
    mine = fit_models(roles, ["chromosome_of_origin"])["chromosome_of_origin"][1].parameters()
    seen = roles.labelled_rows("sources", "train")
    assert mine["n"] == (~np.isnan(half[seen, 1])).sum() < len(seen)
    assert mine["n"] < len(other)


def test_a_task_of_one_class_has_no_model_and_says_so(placed, tmp_path):
    labels = placed.labels_float(np.arange(400)).astype(float)
    labels[:, 1] = 0
    data = small_dataset(tmp_path / "one", placed.loci, labels)
    models = fit_models(roles_of(data), BATTERY)
    assert all(fitted[0] is not None and fitted[1] is None for fitted in models.values())
    assert (predict_models(data, models, np.arange(400))["GC_content"][:, 1] == 0).all()
    done = cl.train(data, methods=["supervised"], seeds=1, out=tmp_path / "e", settings=TINY | {"battery": True})
    record = json.loads((done.path / "battery" / "GC_content" / "run.json").read_text())
    assert record["detail"] == {"t0": "", "t1": NOT_FITTED}
    assert json.loads((done.path / "battery" / "GC_content" / "baseline.json").read_text())["t1"] is None


def test_where_a_task_is_no_binary_one_all_are_left_out(tmp_path, rng):
    data = small_dataset(
        tmp_path / "d", places("chr1", 50 * np.arange(90)), rng.random(90), task=TaskSpec("x", "regression")
    )
    left_out = left_out_of_battery(data, BATTERY)
    assert list(left_out) == list(BATTERY) and "not every task is binary" in left_out["GC_content"]
