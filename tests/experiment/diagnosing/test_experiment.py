"""The diagnoses of a real, tiny experiment: what its folder holds, and that no criterion sees a label of the target."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score

import cislearn as cl
from cislearn.data.clusters import locus_clusters
from cislearn.evaluation.choosing.criteria import CRITERIA
from cislearn.experiment.diagnosing.prior import label_shift_table
from cislearn.experiment.diagnosing.run import diagnose_run
from cislearn.experiment.materials import fresh_network, gather_materials
from cislearn.experiment.methods import resolve_method
from cislearn.experiment.reading import read_config
from cislearn.experiment.underway import settle
from cislearn.models.saving import load_network
from cislearn.runs import ExperimentFolder
from cislearn.sequence.tokens import decode
from tests.conftest import TINY

NAMES = [criterion.name for criterion in CRITERIA]


def read(path):
    return pd.read_csv(path, sep="\t", keep_default_na=False, na_values=[""])


def with_target_labels(data, path, change):
    """The dataset with the labels of `hep` changed."""
    labels = np.array(data.labels)
    is_target = (data.loci["domain"] == "hep").to_numpy()
    labels[is_target] = change(labels[is_target])
    return cl.write_dataset(path, spec=data.spec, loci=data.loci, labels=labels, sequences=data.sequences)


def diagnosed(experiment, data):
    """Diagnose the adversarial run of seed 0 as if `data` were its dataset."""
    config = read_config(experiment / "config.yaml")
    config = config.model_copy(update={"methods": config.methods[:2]})  # target_labels needs what is taken away here
    setting = settle(config, data)[0]
    run = ExperimentFolder(experiment).run("adversarial", 0)
    predictions = pd.read_parquet(run.path / "predictions.parquet")
    predictions["label_GABPA"] = setting.roles.dataset.labels_float(predictions["row"].to_numpy())[:, 0]
    method = resolve_method(config.methods[1])
    return diagnose_run(setting, method, load_network(run.path), predictions, run.info["thresholds"])


def test_distances_of_every_network_by_class_and_by_what_tells_it(tiny_experiment):
    whole = read(tiny_experiment / "domain_distance.tsv")
    assert whole["method"].tolist() == ["untrained", *np.repeat(["source_only", "adversarial", "target_labels"], 2)]
    assert whole["pad"].between(0, 2).all()
    found = read(tiny_experiment / "class_distance.tsv")
    of_run = found[(found["method"] == "adversarial") & (found["seed"] == 1)]
    assert list(zip(of_run["told_by"], of_run["class"], strict=True)) == [
        ("calls", "positives"), ("calls", "negatives"), ("labels", "positives"), ("labels", "negatives"),
        ("estimate", "all windows"),
    ]  # fmt: skip
    assert set(found.loc[found["method"] == "untrained", "told_by"]) == {"labels"}
    assert (found["pad"].notna() | (found["note"] != "")).all()


def test_the_experiment_says_which_methods_adapt_and_what_is_missing(tiny_experiment):
    info = json.loads((tiny_experiment / "experiment.json").read_text())
    assert info["adapts"] == ["adversarial"]
    assert info["not_diagnosed"] == {}


def test_criteria_are_of_honest_runs_and_the_last_column_is_told_by_test_labels(tiny_experiment):
    table = read(tiny_experiment / "criteria.tsv")
    assert list(zip(table["method"], table["seed"], strict=True)) == [
        (method, seed) for method in ("source_only", "adversarial") for seed in (0, 1)
    ]
    assert table[NAMES].notna().all(axis=None)
    predictions = pd.read_parquet(tiny_experiment / "adversarial" / "seed-1" / "predictions.parquet")
    test = predictions[(predictions["part"] == "test") & (predictions["domain"] == "hep")]
    expected = roc_auc_score(test["label_GABPA"], test["logit_GABPA"])
    assert table["target_auroc"].iloc[3] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("change", [lambda labels: 1 - labels, lambda labels: np.full_like(labels, -1)])
def test_nothing_that_is_not_told_by_labels_reads_a_target_label(tiny_experiment, tiny_data, tmp_path, change):
    """trap 18: with the target's labels turned round, or taken away, honest numbers are the same."""
    data = cl.read_dataset(tiny_data)
    honest = diagnosed(tiny_experiment, data)
    poisoned = diagnosed(tiny_experiment, with_target_labels(data, tmp_path / "poisoned", change))
    for name in ("criteria.tsv", "domain_distance.tsv"):
        pd.testing.assert_frame_equal(honest[name], poisoned[name], check_exact=True)
    first, second = (each["class_distance.tsv"].query("told_by != 'labels'") for each in (honest, poisoned))
    pd.testing.assert_frame_equal(first.reset_index(drop=True), second.reset_index(drop=True), check_exact=True)
    by_label = [
        each["class_distance.tsv"].query("told_by == 'labels'")["n_target"].tolist() for each in (honest, poisoned)
    ]
    assert by_label[0] != by_label[1]  # the poison is there


def test_the_estimated_prevalence_reads_no_target_label(tiny_experiment, tiny_data, tmp_path):
    folder = ExperimentFolder(shutil.copytree(tiny_experiment, tmp_path / "e"))
    roles = settle(read_config(tiny_experiment / "config.yaml"), cl.read_dataset(tiny_data))[0].roles
    runs = {"source_only": [folder.run("source_only", seed) for seed in (0, 1)]}
    clusters = locus_clusters(roles.dataset)
    before = label_shift_table(roles, clusters, runs)
    for run in runs["source_only"]:
        path = run.path / "predictions.parquet"
        table = pd.read_parquet(path)
        table.loc[table["domain"] == "hep", "label_GABPA"] = np.nan
        table.to_parquet(path, index=False)
    pd.testing.assert_frame_equal(label_shift_table(roles, clusters, runs), before)
    assert before["told_by"].tolist() == ["calls", "probabilities"]
    assert 0 <= before.set_index("told_by").loc["probabilities", "prevalence"] <= 1


def test_the_untrained_network_is_the_one_that_a_run_begins_with(tiny_experiment, tiny_data):
    config = read_config(tiny_experiment / "config.yaml")
    setting = settle(config, cl.read_dataset(tiny_data))[0]
    made = gather_materials(setting, resolve_method(config.methods[0]), 1).network.state_dict()
    fresh = fresh_network(setting, 1).state_dict()
    assert all(torch.equal(made[name], fresh[name]) for name in made)


def test_with_few_target_windows_numbers_are_absent_and_the_reason_is_there(tiny_experiment, tiny_data):
    config = read_config(tiny_experiment / "config.yaml")
    setting = settle(config, cl.read_dataset(tiny_data))[0]
    part = setting.roles.split.part.copy()
    target = setting.roles.rows("target", "valid"), setting.roles.rows("target", "test")
    part[np.concatenate([each[3:] for each in target])] = -1
    few = replace(setting, roles=replace(setting.roles, split=replace(setting.roles.split, part=part)))
    run = ExperimentFolder(tiny_experiment).run("adversarial", 0)
    predictions, network = pd.read_parquet(run.path / "predictions.parquet"), load_network(run.path)
    tables = diagnose_run(few, resolve_method(config.methods[1]), network, predictions, run.info["thresholds"])
    for name in ("domain_distance.tsv", "class_distance.tsv"):
        assert tables[name]["pad"].isna().all()
        assert (tables[name]["note"] != "").all()
    assert tables["criteria.tsv"][NAMES].isna().all(axis=None)
    assert tables["criteria.tsv"]["note"].tolist() == ["fewer than 12 validation windows of a domain"]


def test_without_a_binary_task_only_the_distance_is_there_and_the_reason_for_the_rest(tmp_path, rng):
    tokens = rng.integers(0, 4, (400, 40)).astype(np.uint8)
    columns = {
        "sequence": [decode(row) for row in tokens],
        "domain": np.where(np.arange(400) < 250, "here", "there"),
        "level": (tokens == 1).mean(axis=1) + 0.1 * rng.normal(size=400),
    }
    pd.DataFrame(columns).to_csv(tmp_path / "t.csv", index=False)
    data = cl.prepare(tmp_path / "d", tables=[tmp_path / "t.csv"])
    found = cl.train(data, target="there", methods=["source_only"], seeds=1, out=tmp_path / "e", settings=TINY)
    absent = ("class_distance.tsv", "features.parquet", "criteria.tsv", "label_shift.tsv")
    assert json.loads((found.path / "experiment.json").read_text())["not_diagnosed"] == dict.fromkeys(
        absent, "no binary task"
    )
    assert not any((found.path / name).exists() for name in absent)
    assert read(found.path / "domain_distance.tsv")["method"].tolist() == ["untrained", "source_only"]
    assert "label_shift.tsv (no binary task)" in found.report.read_text(encoding="utf-8")
