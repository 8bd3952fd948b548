"""The battery beside every result: fitted on the sources' training windows alone, and a bar to clear."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

import cislearn as cl
from cislearn.baselines import BATTERY, baseline
from cislearn.data.dataset import Dataset
from cislearn.errors import UserError
from cislearn.experiment.battery import LEFT_OUT, NOT_FITTED, fit_models, left_out_of_battery, predict_models
from cislearn.experiment.comparing.contenders import find_contender
from cislearn.experiment.config import DataConfig, ExperimentConfig, GkmConfig
from cislearn.experiment.reporter import Reporter
from cislearn.experiment.roles import Roles, assign_roles
from cislearn.experiment.underway import settle
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


def test_they_see_the_labels_that_the_networks_may_see_and_say_so(tiny_data, with_battery, tmp_path):
    """Else the bar is low where networks see a share of the target's labels; one seen by one method alone is told."""
    settings = TINY | {"battery": True, "data.labels.target": 0.3}
    methods = ["source_only", "source_and_target"]
    done = cl.train(tiny_data, target="hep", methods=methods, seeds=1, out=tmp_path, settings=settings)
    protocols = done.summary.groupby("method")["protocol"].unique().map(list)
    roles = roles_of(cl.read_dataset(tiny_data), "hep", labels={"target": 0.3})
    seen = np.concatenate([roles.seen_rows("both", part) for part in ("train", "valid")])
    for name in BLIND:
        assert protocols[name] == protocols["source_and_target"] == ["honest: 30 % of the target labels seen"]
        run, before = (path / "battery" / name for path in (tmp_path, with_battery.path))
        record, earlier = (json.loads((folder / "run.json").read_text()) for folder in (run, before))
        assert record["protocol"] == protocols[name][0] and earlier["protocol"] == "honest: no target label seen"
        assert record["identity"] != earlier["identity"]
        np.testing.assert_array_equal(np.load(run / "seen.npy"), np.unique(roles.dataset.window_hashes[seen]))
        assert set(np.load(run / "seen.npy")) > set(np.load(before / "seen.npy"))
    learned = [(path / "battery/6-mer_logistic/baseline.json").read_bytes() for path in (tmp_path, with_battery.path)]
    assert learned[0] != learned[1]
    caveats = {name: (tmp_path / name / "model_card.md").read_text() for name in methods}
    assert "(which saw 30 % of the target labels)" in caveats["source_only"]
    assert "(which saw" not in caveats["source_and_target"]


def test_without_a_target_their_share_is_that_of_the_only_labels(tiny_data, tmp_path):
    settings = TINY | {"battery": True, "data.labels.sources": 0.5}
    done = cl.train(tiny_data, methods=["supervised"], seeds=1, out=tmp_path, settings=settings)
    simple, network = (find_contender(f"{tmp_path}:{name}") for name in ("GC_content", "supervised"))
    assert simple.label_share == network.label_share == 50
    assert simple.protocol == network.protocol
    np.testing.assert_array_equal(simple.seen.hashes, network.seen.hashes)
    assert set(done.summary["protocol"]) == {network.protocol}


def test_labels_of_the_target_that_may_not_be_seen_do_not_touch_them(placed_in_two):
    roles = roles_of(placed_in_two, "b", labels={"target": 0.3})
    labels = placed_in_two.labels_float(np.arange(400)).astype(float)
    labels[np.setdiff1d(np.arange(400), roles.seen_rows("both", "train"))] = np.nan
    poisoned = replace(roles, dataset=replace(placed_in_two, labels=labels))
    learned, again = (fit_models(each, ["GC_content"])["GC_content"][0].parameters() for each in (roles, poisoned))
    assert learned == again
    without = fit_models(roles_of(placed_in_two, "b"), ["GC_content"])["GC_content"][0].parameters()
    assert learned != without


def test_a_share_that_no_method_learns_from_is_told(tiny_data):
    def remarks(*methods, **settings):
        values = {"data": {"path": tiny_data, "target": "hep", "labels": {"target": 0.3}}, "methods": list(methods)}
        config = ExperimentConfig(**values, **settings)
        return " ".join(settle(config, cl.read_dataset(tiny_data))[3])

    told = "no method here learns from them"
    assert told in remarks("source_only") and told in remarks("source_only", "target_labels")
    assert told not in remarks("source_only", "source_and_target")
    assert told not in remarks("source_only", selection="target_validation")


GKM = {"kernel": "truncated", "l": 6, "k": 4, "d": 2, "most_windows": 200}


class Heard(Reporter):
    """Keeps what it is told."""

    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


def test_a_gkm_svm_stands_beside_them_where_it_is_asked_for(tiny_data, tmp_path):
    """Scored, told in the report and among those that the bar is made of; its options are its identity."""
    heard = Heard()

    def train(**options):
        settings = TINY | {"gkm_svm": GKM | options}
        return cl.train(
            tiny_data, target="hep", methods=["source_only"], seeds=1, out=tmp_path, settings=settings, reporter=heard
        )

    done = train()
    told = [note for note in heard.notes if note.startswith("gkm SVM: about ")]
    assert len(told) == 1 and told[0].endswith("MB for all tasks")
    table = pd.read_parquet(done.path / "battery" / "gkm_SVM" / "predictions.parquet")
    table = table[(table["part"] == "test") & (table["domain"] == "hep")]
    rows = done.summary[(done.summary["part"] == "target test") & (done.summary["metric"] == "AUROC")]
    expected = roc_auc_score(table["label_GABPA"], table["logit_GABPA"])
    assert rows.set_index("method").loc["gkm_SVM", "estimate"] == pytest.approx(expected, abs=1e-6)
    assert set(rows["method"]) == {"gkm_SVM", "source_only"}
    bar = pd.read_csv(done.path / "over_simple.tsv", sep="\t")
    assert set(bar["baseline"]) == {"gkm_SVM"}
    assert "gkm SVM" in done.report.read_text()
    record = json.loads((done.path / "battery" / "gkm_SVM" / "run.json").read_text())
    assert record["detail"]["GABPA"].startswith("fitted to 200 of ")
    heard.notes.clear()
    train()
    assert not any("simple models" in note for note in heard.notes), "kept"
    train(d=1)
    assert "simple models: gkm SVM" in heard.notes
    assert "source_only, seed 0: finished before, kept" in heard.notes, "no run depends on it"
    again = json.loads((done.path / "battery" / "gkm_SVM" / "run.json").read_text())
    assert again["identity"] != record["identity"]


@pytest.mark.slow
def test_two_gkm_svms_are_compared_by_their_options(tiny_data, tmp_path):
    for name, d in (("a", 2), ("b", 1)):
        settings = TINY | {"gkm_svm": GKM | {"d": d}}
        cl.train(tiny_data, target="hep", methods=["source_only"], seeds=1, out=tmp_path / name, settings=settings)
    found = cl.compare(f"{tmp_path}/a:gkm_SVM", f"{tmp_path}/b:gkm_SVM")
    assert [str(each) for each in found.differences] == ["gkm svm.d: 2 | 1"]
    assert cl.compare(f"{tmp_path}/a:source_only", f"{tmp_path}/b:source_only").differences == []


def test_labels_outside_the_training_rows_do_not_touch_the_gkm_svm(placed):
    """What is learned is the same where all others are absent."""
    roles = roles_of(placed)
    learned = fit_models(roles, ["gkm_SVM"], {"gkm_SVM": GKM})["gkm_SVM"][0].parameters()
    labels = placed.labels_float(np.arange(400)).astype(float)
    labels[np.setdiff1d(np.arange(400), roles.rows("sources", "train"))] = np.nan
    poisoned = replace(roles, dataset=replace(placed, labels=labels))
    again = fit_models(poisoned, ["gkm_SVM"], {"gkm_SVM": GKM})["gkm_SVM"][0].parameters()
    assert learned == again


def test_windows_shorter_than_a_word_leave_it_out(placed):
    left_out = left_out_of_battery(placed, ["GC_content", "gkm_SVM"])
    assert left_out == {"gkm_SVM": "windows have 10 bp, and its words 11"}
    assert left_out_of_battery(placed, ["gkm_SVM"], {"gkm_SVM": {"l": 10}}) == {}


@pytest.mark.parametrize(
    ("options", "message"),
    [({"l": 5, "k": 6}, "1 <= k <= l"), ({"l": 13}, "l <= 12"), ({"most_windows": 50_000}, "20000"), ({"m": 1}, "m")],
)
def test_gkm_options_that_do_not_go_together_are_told(tiny_data, tmp_path, options, message):
    with pytest.raises(UserError, match=message) as error:
        cl.train(tiny_data, out=tmp_path / "e", settings=TINY | {"gkm_svm": options})
    assert "gkm_svm" in str(error.value)


def test_true_and_false_stand_for_its_defaults_and_none():
    on, off = (ExperimentConfig(data={"path": "x"}, gkm_svm=value) for value in (True, False))
    assert on.gkm_svm == GkmConfig() and off.gkm_svm is None
    assert baseline("gkm_SVM", **on.gkm_svm.model_dump()).shortest == 11


def roles_of(dataset: Dataset, target: str | None = None, **options) -> Roles:
    return assign_roles(dataset, DataConfig(path=dataset.path, target=target, **options))


@pytest.fixture
def placed(tmp_path, rng) -> Dataset:
    """Two tasks on ten chromosomes; of the second the positives of half of the chromosomes are negatives instead."""
    loci = places([f"chr{k % 10}" for k in range(400)], 50 * np.arange(400))
    first = rng.integers(0, 2, 400)
    return small_dataset(tmp_path / "d", loci, np.stack([first, first * (np.arange(400) % 2)], axis=1))


@pytest.fixture
def placed_in_two(tmp_path, rng) -> Dataset:
    """One task on ten chromosomes, every other row of the domain `b`."""
    loci = places([f"chr{k % 10}" for k in range(400)], 50 * np.arange(400)).assign(domain=["a", "b"] * 200)
    return small_dataset(tmp_path / "two", loci, rng.integers(0, 2, 400))


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
