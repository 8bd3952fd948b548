"""The two strands from configuration to saved model: presets, what is refused, and how a finished run is read."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch

import cislearn as cl
from cislearn.data.dataset import read_dataset
from cislearn.errors import UserError
from cislearn.experiment import claim
from cislearn.experiment.completion import Experiment
from cislearn.experiment.composition import compose_methods
from cislearn.experiment.config import STRAND_PRESETS
from cislearn.experiment.materials import gather_materials
from cislearn.experiment.reading import make_config, read_config
from cislearn.experiment.underway import settle
from cislearn.models.conjoined import Conjoined
from cislearn.models.encoder import encoders
from cislearn.models.network import Network
from cislearn.prediction.loading import load_members, load_temperatures, load_thresholds
from cislearn.prediction.predictor import NetworkPredictor
from cislearn.runs import RunFolder
from cislearn.sequence.tokens import decode
from tests.conftest import TINY

READINGS = ["forward", "average", "average_probabilities", "maximum"]


def config_of(strands, **training):
    return make_config({"data": {"path": "d"}, "model": {"reverse_complement": strands}, "training": training}, [])


def test_presets_are_what_the_papers_name():
    found = {name: config_of(name).model.reverse_complement for name in STRAND_PRESETS}
    assert {name: (each.train, each.predict) for name, each in found.items()} == {
        "none": ("forward", "forward"),
        "augmented": ("augment", "forward"),
        "post_hoc": ("augment", "average"),
        "post_hoc_probabilities": ("augment", "average_probabilities"),
        "post_hoc_unaugmented": ("forward", "average"),
        "conjoined": ("conjoined", "average"),
        "conjoined_max": ("conjoined", "maximum"),
        "rcps": ("equivariant", "forward"),
        "rcps_half": ("equivariant", "forward"),
    }


def test_a_conjoined_network_predicts_as_it_joins():
    joined = config_of({"train": "conjoined", "join": "maximum"}).model.reverse_complement
    assert joined.predict == "maximum"
    with pytest.raises(UserError, match="predicts as it joins, so predict is average"):
        config_of({"train": "conjoined", "predict": "forward"})
    with pytest.raises(UserError, match="join is of conjoined networks, and train is augment"):
        config_of({"join": "maximum"})


def test_a_strategy_that_there_is_not_is_refused_with_its_line(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("data: {path: d}\nmodel:\n  reverse_complement: siamese\n")
    with pytest.raises(UserError, match=r"a\.yaml line 3: .*'siamese' is no preset; known: none, augmented"):
        read_config(path)


def test_new_keys_leave_the_identity_of_earlier_runs(monkeypatch):
    hashed = []
    monkeypatch.setattr(claim, "_digest", lambda values: hashed.append(values) or "")

    def identity(strands, **training):
        config = config_of(strands, **training)
        claim.run_identity(config, compose_methods(config)[0], encoders.get("motif_cnn"), "hash")
        return hashed.pop()

    post_hoc = identity("post_hoc")
    assert post_hoc["model"]["reverse_complement"] == {"train": "augment", "predict": "average"}
    assert "log_strand_gradients" not in post_hoc["training"]
    assert identity("post_hoc", log_strand_gradients=True) == post_hoc  # what is logged changes no weight
    assert identity("conjoined_max")["model"]["reverse_complement"]["join"] == "maximum"


# --- Trained ---


@pytest.fixture(scope="module", params=["conjoined", "conjoined_max", "post_hoc_probabilities", "post_hoc_unaugmented"])
def trained(request, tiny_data, tmp_path_factory):
    """A preset and its experiment, an adversarial one, since that looks at the features."""
    settings = TINY | {"model.reverse_complement": request.param, "training.log_strand_gradients": True}
    out = tmp_path_factory.mktemp("strands") / "e"
    return request.param, cl.train(
        tiny_data, target="hep", methods=["adversarial"], seeds=1, out=out, settings=settings
    )


def test_what_is_saved_is_what_was_trained_and_scored(trained, tiny_data):
    """The model card reads as the training did, and the recorded logits are those of the loaded model."""
    preset, found = trained
    run = RunFolder(found.path / "adversarial" / "seed-0")
    predict = {"conjoined": "average", "conjoined_max": "maximum", "post_hoc_probabilities": "average_probabilities"}
    assert json.loads((run.path / "model.json").read_text())["predict"] == predict.get(preset, "average")
    table, data = pd.read_parquet(run.path / "predictions.parquet"), read_dataset(tiny_data)
    margin = data.spec.margin
    rows = table["row"].to_numpy()
    tokens = np.ascontiguousarray(data.sequences.gather(rows)[:, margin : margin + data.spec.length])
    logits = NetworkPredictor(cl.load_model(run.path)).predict(tokens)
    np.testing.assert_allclose(table["logit_GABPA"], logits[:, 0], rtol=1e-5, atol=1e-6)
    history = pd.read_csv(run.path / "history.tsv", sep="\t")
    assert history["strand_gradient_cosine"].between(-1, 1).all()
    assert found.report.is_file() and (run.path / "features.parquet").is_file()


def test_a_finished_run_can_be_read_in_any_way(trained):
    preset, found = trained
    run = found.path / "adversarial" / "seed-0"
    x = torch.nn.functional.one_hot(torch.randint(0, 4, (5, 101)), 4).transpose(1, 2).float()
    network = cl.load_model(run, reverse_complement="forward")
    assert type(network) is Network
    for reading in READINGS[1:]:
        expected = cl.both_strands(network, reading)(x)
        torch.testing.assert_close(cl.load_model(run, reverse_complement=reading)(x), expected)
    as_trained = "maximum" if preset == "conjoined_max" else "average"
    if preset != "post_hoc_probabilities":
        torch.testing.assert_close(cl.load_model(run)(x), cl.both_strands(network, as_trained)(x))
    with pytest.raises(UserError, match="'reverse' is no way to read the two strands"):
        load_members(run, reverse_complement="reverse")
    with pytest.raises(UserError, match="'reverse' is no way"):
        cl.both_strands(network, "reverse")


def test_calls_and_calibration_go_with_the_way_they_were_chosen_for(trained, tiny_data, tmp_path):
    _, found = trained
    predict = json.loads((found.path / "adversarial" / "seed-0" / "model.json").read_text())["predict"]
    assert load_thresholds(found.path, "adversarial", predict) == load_thresholds(found.path, "adversarial") != {}
    assert load_temperatures(found.path, "adversarial", predict) == load_temperatures(found.path, "adversarial")
    assert load_thresholds(found.path, "adversarial", "forward") == {}
    assert load_temperatures(found.path, "adversarial", "forward") == [{}]
    windows = read_dataset(tiny_data).sequences.gather(np.arange(3))
    (tmp_path / "w.fa").write_text("".join(f">w{n}\n{decode(row)}\n" for n, row in enumerate(windows)))
    experiment = Experiment(found.path, pd.DataFrame(), None, found.report)
    one = experiment.predict(tmp_path / "w.fa", reverse_complement="forward")
    assert "call_GABPA" in experiment.predict(tmp_path / "w.fa") and "call_GABPA" not in one
    np.testing.assert_allclose(one["probability_GABPA"], 1 / (1 + np.exp(-one["logit_GABPA"])), rtol=1e-5)


def test_conjoined_windows_are_not_also_turned(tiny_data):
    def materials(strands):
        data = {"path": str(tiny_data), "target": "hep"}
        config = make_config({"data": data, "model": {"reverse_complement": strands}}, [])
        setting, methods, _, _ = settle(config, read_dataset(tiny_data))
        return gather_materials(setting, methods[0], 0)

    conjoined, forward, augmented = (materials(each) for each in ("conjoined", "none", "augmented"))
    assert isinstance(conjoined.network, Conjoined)
    views = [made.views(made.batches[0], "train", 0).tokens for made in (conjoined, forward, augmented)]
    assert torch.equal(views[0], views[1]) and not torch.equal(views[0], views[2])
    for name, value in conjoined.network.state_dict().items():
        assert torch.equal(value, forward.network.state_dict()[name]), "conjoined weights begin as others do"
