"""Fine-tuning of the head alone, from a finished run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file

import cislearn as cl
from cislearn.errors import UserError
from cislearn.schema import TaskSpec
from tests.conftest import TINY

NORMED = TINY | {
    "model.kmer_counts": 0,
    "model.encoder": {"name": "wide", "detectors": 8, "known": 0.0, "channels": 4, "width": 3, "dilations": [1]},
}
"""With batch norm and dropout in the encoder."""


@pytest.fixture(scope="module")
def finished(tiny_data, tmp_path_factory):
    """A run of an encoder with batch norm."""
    path = tmp_path_factory.mktemp("finished") / "e"
    cl.train(tiny_data, methods=["supervised"], seeds=1, out=path, settings=NORMED)
    return path / "supervised" / "seed-0"


def head_alone(finished):
    return NORMED | {"training.init_from": str(finished), "training.train_only": "head"}


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_only_the_head_changes(finished, tiny_data, tmp_path, average):
    """Weights and running statistics of the encoder are those of the run that it began from, bit by bit."""
    settings = head_alone(finished) | {"training.weight_average": average, "selection": "last"}
    cl.train(tiny_data, methods=["supervised"], seeds=1, out=tmp_path / "e", settings=settings)
    old, new = (load_file(run / "model.safetensors") for run in (finished, tmp_path / "e" / "supervised" / "seed-0"))
    assert old.keys() == new.keys() and any("running_mean" in name for name in old)
    changed = {name.split(".")[0] for name in old if not np.array_equal(old[name], new[name])}
    assert changed == {"head"}


def test_a_head_for_further_tasks_on_an_encoder_that_stays(finished, tiny_data, tmp_path):
    """Tasks may be others than those of the run: an encoder of many cells serves one more."""
    data = cl.read_dataset(tiny_data)
    spec = replace(data.spec, tasks=(*data.spec.tasks, TaskSpec("mine")))
    gc = np.isin(data.sequences.gather(np.arange(len(data))), (1, 2)).mean(axis=1)
    labels = np.column_stack([data.labels, gc > np.median(gc)])
    more = cl.write_dataset(
        tmp_path / "more", spec=spec, loci=data.loci, labels=labels.astype(np.int8), sequences=data.sequences
    )
    settings = head_alone(finished) | {"training.optimiser.learning_rate": 0.02, "training.epochs": 8}
    found = cl.train(more, methods=["supervised"], seeds=1, out=tmp_path / "e", settings=settings)
    old = load_file(finished / "model.safetensors")
    new = load_file(tmp_path / "e" / "supervised" / "seed-0" / "model.safetensors")
    assert all(np.array_equal(old[name], new[name]) for name in old if name.startswith("encoder"))
    assert set(found.summary["task"]) >= {"mine"}
    assert old.keys() == new.keys()


def test_capped_weights_of_a_frozen_encoder_stay_as_they_are(finished, tiny_data, tmp_path):
    settings = head_alone(finished) | {"training.optimiser.max_weight_norm": 0.01}
    cl.train(tiny_data, methods=["supervised"], seeds=1, out=tmp_path / "e", settings=settings)
    old, new = (load_file(run / "model.safetensors") for run in (finished, tmp_path / "e" / "supervised" / "seed-0"))
    assert {name.split(".")[0] for name in old if not np.array_equal(old[name], new[name])} == {"head"}
    assert np.linalg.norm(new["head.0.linear.1.weight"]) < 0.0101


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"dilations": [2]}, "computes another thing with them"),
        ({"channels": 5}, "another encoder, input or window length"),
    ],
)
def test_another_network_is_refused_though_its_weights_fit(finished, tiny_data, tmp_path, other, said):
    encoder = NORMED["model.encoder"] | other
    with pytest.raises(UserError, match=said):
        cl.train(
            tiny_data,
            methods=["supervised"],
            out=tmp_path / "e",
            settings=head_alone(finished) | {"model.encoder": encoder},
        )


def test_a_dropout_may_be_another(finished, tiny_data, tmp_path):
    settings = head_alone(finished) | {"model.encoder": NORMED["model.encoder"] | {"dropout": 0.1}}
    assert cl.train(tiny_data, methods=["supervised"], seeds=1, out=tmp_path / "e", settings=settings).report.is_file()


@pytest.mark.parametrize(
    ("methods", "further", "said"),
    [
        (["source_only"], {"training.init_from": None}, "Name the run that the encoder is of"),
        (["adabn"], {}, "method adabn goes by statistics of its own"),
        (["ladder"], {}, "method ladder goes by statistics of its own"),
        (["source_only"], {"training.train_only": "encoder"}, "train_only"),
    ],
)
def test_what_cannot_be(finished, tiny_data, tmp_path, methods, further, said):
    settings = head_alone(finished)
    with pytest.raises(UserError, match=said):
        cl.train(tiny_data, target="hep", methods=methods, seeds=1, out=tmp_path / "e", settings=settings | further)
