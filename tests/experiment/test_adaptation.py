"""Every method through an experiment, from the configuration to the report."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import load_file

import cislearn as cl
from cislearn.data.dataset import write_dataset
from cislearn.errors import UserError
from cislearn.models.saving import load_network
from cislearn.objectives.objective import objectives
from tests.conftest import TINY

METHODS = [name for name in objectives.names() if name not in ("adabn", "masked")]
"""All that this network can be trained by and that learn the task."""
SETTINGS = TINY | {"training.epochs": 2}
WIDE = {
    "model.encoder": {"name": "wide", "detectors": 8, "known": 0.0, "channels": 4, "width": 3, "dilations": [1]},
    "training.precision": "32-true",
}


def read(path):
    return pd.read_csv(path, sep="\t")


@pytest.fixture(scope="module")
def trained(tiny_data, tmp_path_factory):
    """All methods side by side, two epochs, so that a teacher has taught."""
    out = tmp_path_factory.mktemp("adaptation") / "e"
    cl.train(tiny_data, target="hep", methods=METHODS, seeds=1, out=out, settings=SETTINGS)
    return out


@pytest.mark.parametrize("name", METHODS)
def test_each_method_is_trained_scored_and_reported(trained, name):
    run = trained / name / "seed-0"
    record, summary = json.loads((run / "run.json").read_text()), read(trained / "summary.tsv")
    assert record["protocol"] == "honest: no target label seen"
    estimates = summary[(summary["method"] == name) & (summary["metric"] == "AUROC")]["estimate"]
    assert len(estimates) == 2 and estimates.between(0, 1).all()
    signals = [signal["name"] for signal in record["signals"]]
    if name == "ladder":  # a level for the input and each stage of the network
        assert signals == [f"reconstruction_{number}" for number in range(5)]
    else:
        assert signals == [signal.name for signal in objectives.get(name).signals]
    if signals:
        health = read(run / "health.tsv")
        assert list(health.columns) == ["step", *signals]
        assert (
            health.iloc[0 if name == "masked_first" else -1].notna().all()
        )  # it hides bases in its first stretch alone
        text = (trained / "report.html").read_text()
        assert all(signal["title"] in text for signal in record["signals"])
    else:
        assert not (run / "health.tsv").exists()


@pytest.mark.slow
def test_target_labels_change_nothing_in_any_method(trained, tiny_data, tmp_path):
    """trap 18: the labels of the target turned round, every method ends at the same weights."""
    data = cl.read_dataset(tiny_data)
    labels = data.labels[:].copy()
    is_target = data.domain_codes == data.spec.domains.index("hep")
    labels[is_target] = 1 - labels[is_target]
    turned, out = tmp_path / "turned", tmp_path / "e"
    write_dataset(
        turned, spec=data.spec, loci=data.loci, labels=labels, sequences=data.sequences, provenance=data.provenance
    )
    cl.train(turned, target="hep", methods=METHODS, seeds=1, out=out, settings=SETTINGS)
    for name in METHODS:
        found, expected = (load_file(each / name / "seed-0" / "model.safetensors") for each in (out, trained))
        for key, value in expected.items():
            np.testing.assert_array_equal(found[key], value, err_msg=name)


# --- AdaBN, at the end of a training ---


@pytest.fixture(scope="module")
def adapted(tiny_data, tmp_path_factory):
    out = tmp_path_factory.mktemp("adabn") / "e"
    cl.train(tiny_data, target="hep", methods=["source_only", "adabn"], seeds=1, out=out, settings=TINY | WIDE)
    return out


def test_the_saved_model_has_the_targets_statistics_and_the_weights_of_source_only(adapted, tiny_data):
    """Source only is the same training; the first norm's mean is that of the target's training windows."""
    plain, ours = (load_network(adapted / name / "seed-0") for name in ("source_only", "adabn"))
    for one, two in zip(plain.parameters(), ours.parameters(), strict=True):
        assert torch.equal(one, two)
    data = cl.read_dataset(tiny_data)
    predicted = pd.read_parquet(adapted / "adabn" / "seed-0" / "predictions.parquet")["row"].to_numpy()
    is_target = data.domain_codes == data.spec.domains.index("hep")
    # What is in no other part is for training; the target's validation windows are predicted.
    rows = np.setdiff1d(np.flatnonzero(is_target), predicted)
    stage = ours.encoder.stages[0]
    with torch.no_grad():
        z = stage.linear(ours.embed(torch.from_numpy(data.sequences.gather(rows))))
    torch.testing.assert_close(stage.norm.running_mean, z.mean((0, 2)), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(stage.norm.running_mean, plain.encoder.stages[0].norm.running_mean, rtol=1e-3)


def test_adabn_without_batch_norm_is_refused_before_anything_is_trained(tiny_data, tmp_path):
    with pytest.raises(UserError, match="this encoder has none"):
        cl.train(tiny_data, target="hep", methods=["adabn"], seeds=1, out=tmp_path / "e", settings=TINY)
    assert not (tmp_path / "e").exists()


def test_a_method_that_needs_a_target_says_so(tiny_data, tmp_path):
    for name in ("adabn", "moments"):
        with pytest.raises(UserError, match=f"method {name} needs a target domain"):
            cl.train(tiny_data, methods=[name], seeds=1, out=tmp_path / "e", settings=TINY | WIDE)
