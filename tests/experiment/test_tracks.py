"""Experiments with tracks: from training to the scores of another dataset, with and without them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import cislearn as cl
from cislearn.data.simulate import simulate, write_simulated
from cislearn.data.tracks import Tracks
from cislearn.errors import UserError
from cislearn.evaluation.metrics import auroc
from cislearn.experiment.claim import run_identity, split_identity
from cislearn.experiment.composition import compose_methods
from cislearn.experiment.evaluate import evaluate_on
from cislearn.experiment.materials import gather_materials
from cislearn.experiment.reading import make_config
from cislearn.experiment.underway import settle
from cislearn.models.encoder import encoders
from cislearn.models.saving import read_card
from cislearn.objectives.objective import objectives
from cislearn.prediction.loading import load_members
from cislearn.prediction.predictor import NetworkPredictor
from cislearn.runs import SEEN
from cislearn.training.learner import look
from tests.conftest import TINY


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A small dataset of the family `openness`, and experiments on it with and without its track."""
    folder = tmp_path_factory.mktemp("opened")
    data = write_simulated(folder / "data", simulate("openness", n_train=400, n_test=200, seed=1))
    settings = TINY | {"model.reverse_complement": "post_hoc"}
    runs = {
        reads: cl.train(
            data, target="hep", methods=["source_only", "adversarial"], seeds=1, out=folder / f"runs_{reads}",
            settings=settings | {"data.tracks": reads},
        )
        for reads in (True, False)
    }  # fmt: skip
    return data, runs


def other_cells(path, seed=9):
    return write_simulated(path, simulate("openness", n_train=100, n_test=100, seed=seed))


def test_a_run_predicts_with_the_tracks_of_its_dataset(opened):
    data, runs = opened
    path = runs[True].path / "adversarial" / "seed-0"
    assert read_card(path).spec == data.spec
    table = pd.read_parquet(path / "predictions.parquet")
    rows = table["row"].to_numpy()
    (member,) = load_members(path)
    found = NetworkPredictor(member).predict(data.sequences.gather(rows), data.tracks.gather(rows))[:, 0]
    np.testing.assert_allclose(table["logit_GABPA"], found, atol=1e-5)
    assert set(table["domain"]) == {"ery", "hep"}


def test_without_tracks_the_model_is_one_of_sequence_alone(opened):
    data, runs = opened
    card = read_card(runs[False].path / "source_only" / "seed-0")
    assert card.spec == data.without_tracks().spec and card.extra["dataset"] == data.hash


def test_runs_with_and_without_tracks_are_compared_on_the_same_loci(opened):
    _, runs = opened
    compared = cl.compare(f"{runs[False].path}:source_only", f"{runs[True].path}:source_only")
    assert "tracks: False | True" in "\n".join(map(str, compared.differences))


def test_evaluate_reads_the_tracks_of_the_other_dataset(opened, tmp_path):
    _, runs = opened
    other = other_cells(tmp_path / "other")
    scores = evaluate_on(runs[True].path, other, method="source_only").set_index(["domain", "metric"])
    (member,) = load_members(runs[True].path, "source_only")
    new = ~np.isin(other.window_hashes, np.load(runs[True].path / "source_only" / "seed-0" / SEEN))
    rows = np.flatnonzero((other.domain_codes == 1) & new)
    logits = NetworkPredictor(member).predict(other.sequences.gather(rows), other.tracks.gather(rows))[:, 0]
    expected = auroc(other.labels_float(rows)[:, 0].astype(float), logits.astype(float))
    assert scores.loc[("hep", "AUROC"), "estimate"] == pytest.approx(expected, abs=1e-9)
    silent = replace(other, tracks=Tracks(np.zeros_like(other.tracks.values)))
    deaf = [evaluate_on(runs[False].path, each, method="source_only")["estimate"] for each in (other, silent)]
    assert deaf[0].equals(deaf[1])  # a model of sequence alone reads none
    heard = evaluate_on(runs[True].path, silent, method="source_only").set_index(["domain", "metric"])
    assert heard.loc[("hep", "AUROC"), "estimate"] != scores.loc[("hep", "AUROC"), "estimate"]


def test_evaluate_refuses_a_dataset_without_the_tracks_of_the_model(opened, tmp_path):
    _, runs = opened
    plain = other_cells(tmp_path / "other").without_tracks()
    with pytest.raises(UserError, match=r"has tracks none; the model reads accessibility \(flip\)"):
        evaluate_on(runs[True].path, plain, method="source_only")


def test_the_published_network_refuses_before_anything_is_trained(opened, tmp_path):
    data, _ = opened
    settings = TINY | {"model.encoder": "dann_tf"}
    with pytest.raises(UserError, match="dann_tf reads sequence alone"):
        cl.train(data, target="hep", out=tmp_path / "runs", settings=settings)
    assert not (tmp_path / "runs").exists()


def test_the_key_counts_in_the_identity_of_runs_alone():
    def identities(**data):
        config = make_config({"data": {"path": "d", "target": "hep"} | data}, [], where="test")
        (method, *_), encoder = compose_methods(config), encoders.get("motif_cnn")
        return run_identity(config, method, encoder, "hash"), split_identity(config, "hash")

    default, told, without = identities(), identities(tracks=True), identities(tracks=False)
    assert default == told
    assert without[0] != default[0] and without[1] == default[1]


# --- What a track is for ---


def test_motif_and_openness_together_say_what_neither_says_alone():
    """What a perfect reader of either reaches in the other cell, and of both."""
    simulated = simulate("openness", n_train=4000, n_test=4000, seed=3)
    rows = np.flatnonzero(simulated.loci["domain"] == "hep")
    labels = simulated.labels[rows, 0].astype(float)
    motif = simulated.loci["state"].eq("focal").to_numpy()[rows].astype(float)
    signal = simulated.tracks.gather(rows)[:, 0, 25:76].mean(axis=1).astype(float)
    assert auroc(labels, motif) == pytest.approx(0.83, abs=0.02)
    assert auroc(labels, signal) == pytest.approx(0.84, abs=0.02)
    assert auroc(labels, motif + 0.1 * signal) > 0.97


@pytest.mark.slow
def test_with_the_track_a_network_crosses_cells_and_without_it_does_not(tmp_path):
    data = write_simulated(tmp_path / "data", simulate("openness", n_train=8000, n_test=2000, seed=0))
    encoder = {"name": "wide", "detectors": 64, "channels": 32, "known": 1.0, "dropout": 0.0}
    settings = {"training.epochs": 8, "training.batch_size": 64, "training.device": "cpu", "battery": False}
    found = {}
    for reads in (True, False):
        experiment = cl.train(
            data, target="hep", methods=["source_only"], seeds=1, out=tmp_path / f"runs_{reads}",
            settings=settings | {"model.encoder": encoder, "data.tracks": reads},
        )  # fmt: skip
        table = experiment.summary.set_index(["part", "metric"])["estimate"]
        found[reads] = {part: table[part, "AUROC"] for part in ("source test", "target test")}
    assert found[True]["target test"] > 0.95
    assert 0.7 < max(found[False].values()) < 0.84  # what the motif alone reaches, in either cell


@pytest.mark.parametrize("method", [name for name in objectives.names() if name != "supervised"])
def test_every_method_of_adaptation_reads_the_track(opened, method):
    """Gradients reach the filters of the track, in the student's view as in the teacher's."""
    data, _ = opened
    encoder = {"name": "wide", "detectors": 8, "known": 0.0, "channels": 4, "width": 3, "dilations": [1]}
    values = {"data": {"path": str(data.path), "target": "hep"}, "model": {"encoder": encoder}, "methods": [method]}
    setting, (made,), _, _ = settle(make_config(values, ["training.hidden_bases=0"]), data)
    material = gather_materials(setting, made, 0)
    batch = material.batches[0]
    view = look(batch, material.views, material.objective)
    sum(material.objective.losses(material.network, view, 0.9).values()).backward()
    weights = dict(material.network.named_parameters())
    (first,) = (weight for name, weight in weights.items() if name.endswith("stages.0.linear.weight"))
    assert first.shape[1] == 5
    assert float(first.grad[:, 4].abs().sum()) > 0
