"""Scoring on another dataset: scikit-learn's numbers, and windows that training saw are not taken for new ones."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score

import cislearn as cl
from cislearn.data.sequences import TableSequences
from cislearn.errors import UserError
from cislearn.evaluation.calibration import calibration_error, probabilities
from cislearn.evaluation.delong import delong
from cislearn.experiment.evaluate import evaluate_on
from cislearn.experiment.seen import Seen, write_seen
from cislearn.models.saving import load_network, read_card, save_model
from cislearn.prediction.loading import load_members, load_temperatures
from cislearn.prediction.predictor import NetworkPredictor
from cislearn.runs import RunFolder
from cislearn.sequence.strand import reverse_complement


def rebuilt(data, rows, tokens, path):
    """A dataset of some rows with other windows."""
    loci = data.loci.iloc[rows].reset_index(drop=True).assign(part="")
    sequences = TableSequences.of(tokens)
    return cl.write_dataset(path, spec=data.spec, loci=loci, labels=data.labels[rows], sequences=sequences)


def test_new_windows_are_scored_as_scikit_learn_does(tiny_experiment, tiny_data, tmp_path):
    data = cl.read_dataset(tiny_data)
    rows = np.flatnonzero(data.loci["domain"] == "hep")
    other = rebuilt(data, rows, data.sequences.gather(rows), tmp_path / "d")
    scores = evaluate_on(tiny_experiment, other, method="source_only").set_index("metric")
    assert set(scores["domain"]) == {"hep"} and set(scores["left_out"]) == {0}
    labels = other.labels_float(np.arange(len(other)))[:, 0]
    tokens = other.sequences.gather(np.arange(len(other)))
    each = [NetworkPredictor(m).predict(tokens)[:, 0] for m in load_members(tiny_experiment, "source_only")]
    expected = np.mean([roc_auc_score(labels, logits) for logits in each])
    assert scores.loc["AUROC", "estimate"] == pytest.approx(expected, abs=1e-9)


def test_a_single_run_has_delongs_interval_beside_the_bootstraps(tiny_experiment, tiny_data, tmp_path):
    data = cl.read_dataset(tiny_data)
    rows = np.flatnonzero(data.loci["domain"] == "hep")
    other = rebuilt(data, rows, data.sequences.gather(rows), tmp_path / "d")
    run = tiny_experiment / "source_only" / "seed-0"
    scores = evaluate_on(run, other).set_index("metric")
    logits = NetworkPredictor(load_members(run)[0]).predict(other.sequences.gather(np.arange(len(other))))[:, 0]
    expected = delong(other.labels_float(np.arange(len(other)))[:, 0], logits)
    found = scores.loc["AUROC"]
    assert (found["delong_low"], found["delong_high"]) == pytest.approx((expected.low, expected.high))
    assert (found["low"], found["high"]) == pytest.approx((expected.low, expected.high), abs=0.02)
    assert scores.drop("AUROC")["delong_low"].isna().all()
    assert "delong_low" not in evaluate_on(tiny_experiment, other)
    temperature = RunFolder(run).info["temperatures"]["GABPA"]
    labels = other.labels_float(np.arange(len(other)))[:, 0]
    error = calibration_error(labels, probabilities(logits, temperature))
    assert scores.loc["calibration error", "estimate"] == pytest.approx(error)


def test_runs_without_temperatures_are_taken_as_they_are(tiny_experiment, tiny_data, tmp_path):
    """Those of earlier versions: T is 1."""
    run = tmp_path / "seed-0"
    shutil.copytree(tiny_experiment / "source_only" / "seed-0", run)
    card = json.loads((run / "model.json").read_text())
    del card["extra"]["temperatures"]
    (run / "model.json").write_text(json.dumps(card))
    data = cl.read_dataset(tiny_data)
    rows = np.flatnonzero(data.loci["domain"] == "hep")
    other = rebuilt(data, rows, data.sequences.gather(rows), tmp_path / "d")
    logits = NetworkPredictor(load_members(run)[0]).predict(other.sequences.gather(np.arange(len(other))))[:, 0]
    error = calibration_error(other.labels_float(np.arange(len(other)))[:, 0], probabilities(logits))
    found = evaluate_on(run, other).set_index("metric").loc["calibration error", "estimate"]
    assert found == pytest.approx(error)
    assert load_temperatures(run) == [{}]


def test_a_model_whose_scores_are_nan_is_refused_by_name(tiny_experiment, tiny_data, tmp_path):
    run = tmp_path / "seed-0"
    shutil.copytree(tiny_experiment / "source_only" / "seed-0", run)
    network = load_network(run)
    with torch.no_grad():
        next(network.parameters()).fill_(torch.nan)
    save_model(run, network, read_card(run))
    data = cl.read_dataset(tiny_data)
    rows = np.flatnonzero(data.loci["domain"] == "hep")
    other = rebuilt(data, rows, data.sequences.gather(rows), tmp_path / "d")
    with pytest.raises(UserError, match=r"seed-0: 600 of 600 scores are NaN, the first in row 0"):
        evaluate_on(run, other)


def test_windows_that_training_saw_are_left_out_on_either_strand(tiny_experiment, tiny_data, tmp_path):
    data = cl.read_dataset(tiny_data)
    seen = np.flatnonzero((data.loci["domain"] == "ery") & data.loci["part"].isin(["train", "valid"]))[:50]
    new = np.flatnonzero((data.loci["domain"] == "ery") & (data.loci["part"] == "test"))
    rows = np.concatenate([seen, new])
    tokens = data.sequences.gather(rows)
    tokens[:25] = reverse_complement(tokens[:25])
    scores = evaluate_on(tiny_experiment, rebuilt(data, rows, tokens, tmp_path / "d"), method="adversarial")
    assert set(scores["left_out"]) == {50} and set(scores["n"]) == {len(new)}


def test_windows_that_overlap_one_that_training_saw_are_left_out(tiny_experiment, tiny_data, tmp_path):
    """trap 17: another peak caller's windows are the same loci some bases on; no window of theirs is an equal one."""
    data = cl.read_dataset(tiny_data)
    rows = np.flatnonzero(data.loci["domain"] == "hep")
    start = 1000 * np.arange(len(rows)) + 50 * (np.arange(len(rows)) < 20)
    at = {"chrom": "chr1", "start": start, "end": start + data.spec.length, "part": ""}
    loci = data.loci.iloc[rows].reset_index(drop=True).assign(**at)
    sequences = TableSequences.of(data.sequences.gather(rows))
    other = cl.write_dataset(tmp_path / "d", spec=data.spec, loci=loci, labels=data.labels[rows], sequences=sequences)
    copied = shutil.copytree(tiny_experiment / "source_only" / "seed-0", tmp_path / "run")
    before = pd.DataFrame({"genome": "", "chrom": "chr1", "start": 1000 * np.arange(20)})
    write_seen(Seen(np.zeros(0, np.uint64), before.assign(end=before["start"] + data.spec.length)), copied)
    scores = evaluate_on(copied, other)
    assert set(scores["left_out"]) == {20} and set(scores["n"]) == {len(rows) - 20}


def test_nothing_new_is_no_evaluation(tiny_experiment, tiny_data, tmp_path):
    data = cl.read_dataset(tiny_data)
    rows = np.flatnonzero((data.loci["domain"] == "ery") & (data.loci["part"] == "train"))
    other = rebuilt(data, rows, data.sequences.gather(rows), tmp_path / "d")
    with pytest.raises(UserError, match="no labelled window that training did not see"):
        evaluate_on(tiny_experiment, other)
    with pytest.raises(UserError, match="was trained on"):
        evaluate_on(tiny_experiment, data)
