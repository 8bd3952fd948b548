"""Methods that learn from windows without labels where there is no target: their own domain's, or named ones."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

import cislearn as cl
from cislearn.data.dataset import read_dataset, write_dataset
from cislearn.data.split import TRAIN
from cislearn.errors import UserError
from cislearn.experiment.claim import run_identity, split_identity
from cislearn.experiment.materials import gather_materials
from cislearn.experiment.reading import make_config
from cislearn.experiment.underway import settle
from cislearn.models.encoders.motif_cnn import MotifCNN
from tests.conftest import TINY

METHODS = ["self_training", "noisy_student", "mean_teacher", "fixmatch"]
FEW = TINY | {"data.labels.sources": 0.2, "training.epochs": 2}


def config_of(path, *arguments, methods=METHODS):
    values = {"data": {"path": str(path)}, "methods": methods}
    return make_config(values, [*(f"{key}={value}" for key, value in TINY.items()), *arguments])


def settled(path, *arguments):
    return settle(config_of(path, *arguments), read_dataset(path))[:2]


@pytest.mark.parametrize("method", range(len(METHODS)), ids=METHODS)
def test_windows_whose_labels_are_hidden_are_learned_from(tiny_data, method):
    """Of the domain itself: half of a batch are its windows, without labels."""
    setting, methods = settled(tiny_data, "data.sources=[ery]", "data.labels.sources=0.2")
    made, roles = gather_materials(setting, methods[method], 0), setting.roles
    batch = made.batches[1]
    assert len(batch) == 2 * batch.labelled.stop and batch.labels[batch.unlabelled].isnan().all()
    drawn = {int(row) for k in range(20) for row in made.batches[k].row[batch.unlabelled]}
    assert drawn <= set(roles.rows("sources", "train")) and len(drawn & set(roles.hidden)) > 100


def test_named_domains_are_no_sources_and_their_rows_are_learned_from_without_labels(tiny_data):
    setting, methods = settled(tiny_data, "data.unlabelled=[hep]")
    roles = setting.roles
    is_hep = (roles.dataset.loci["domain"] == "hep").to_numpy()
    assert roles.sources == ("ery",) and roles.target is None
    assert roles.role_of_domain == {"ery": "source", "hep": "unlabelled"}
    np.testing.assert_array_equal(roles.unlabelled_rows("train"), np.flatnonzero(is_hep & (roles.split.part == TRAIN)))
    for method in methods:
        batch = gather_materials(setting, method, 0).batches[0]
        assert is_hep[batch.row[batch.unlabelled]].all() and not is_hep[batch.row[batch.labelled]].any()
        assert batch.labels[batch.unlabelled].isnan().all()
    both = settled(tiny_data, "data.sources=[ery]", "data.unlabelled=[ery,hep]")[0].roles
    assert both.sources == ("ery",) and len(both.unlabelled_rows("train")) > len(roles.unlabelled_rows("train"))


@pytest.fixture(scope="module")
def trained(tiny_data, tmp_path_factory):
    out = tmp_path_factory.mktemp("unlabelled") / "e"
    cl.train(tiny_data, methods=METHODS, seeds=1, out=out, settings=FEW | {"data.unlabelled": ["hep"]})
    return out


@pytest.mark.parametrize("name", METHODS)
def test_each_is_trained_and_says_how_many_labels_it_saw(trained, name):
    record = json.loads((trained / name / "seed-0/run.json").read_text())
    assert record["protocol"] == "honest: no target label seen, 20 % of the source labels seen"


def test_labels_of_a_domain_without_labels_change_nothing(trained, tiny_data, tmp_path):
    """trap 18: turned round, and every method ends at the same weights."""
    data = read_dataset(tiny_data)
    labels = np.array(data.labels)
    is_hep = (data.loci["domain"] == "hep").to_numpy()
    labels[is_hep] = 1 - labels[is_hep]
    turned, out = tmp_path / "turned", tmp_path / "e"
    write_dataset(
        turned, spec=data.spec, loci=data.loci, labels=labels, sequences=data.sequences, provenance=data.provenance
    )
    cl.train(turned, methods=METHODS, seeds=1, out=out, settings=FEW | {"data.unlabelled": ["hep"]})
    for name in METHODS:
        found, expected = (load_file(each / name / "seed-0" / "model.safetensors") for each in (out, trained))
        for key, value in expected.items():
            np.testing.assert_array_equal(found[key], value, err_msg=name)


def test_who_names_none_trains_the_run_of_before(tiny_data):
    def identities(*arguments):
        config = config_of(tiny_data, *arguments)
        (method, *_) = settle(config, read_dataset(tiny_data))[1]
        return run_identity(config, method, MotifCNN, "x"), split_identity(config, "x")

    assert identities("data.sources=[ery]")[0] != identities("data.sources=[ery]", "data.unlabelled=[hep]")[0]
    assert identities("data.sources=[ery]") == identities("data.sources=[ery]", "data.unlabelled=null")


def test_a_domain_that_is_not_there_or_leaves_no_source_is_refused(tiny_data):
    with pytest.raises(UserError, match="domain 'hepp' is not in the dataset; did you mean hep"):
        settled(tiny_data, "data.unlabelled=[hepp]")
    with pytest.raises(UserError, match="there is no source left") as caught:
        settled(tiny_data, "data.unlabelled=[ery,hep]")
    assert caught.value.where == "data.unlabelled" and "data.sources" in caught.value.fix
