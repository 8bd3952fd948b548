"""Experiments to compare with the tiny one."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

import cislearn as cl
from cislearn.data.sequences import TableSequences
from cislearn.sequence.strand import reverse_complement
from tests.conftest import TINY
from tests.experiment.comparing.editing import edit_predictions


@pytest.fixture(scope="session")
def other_terms(tiny_data, tmp_path_factory):
    """The same question on other terms: more steps, weights chosen by the target's labels, other seeds and strands."""
    settings = TINY | {"training.epochs": 2, "selection": "oracle", "model.reverse_complement": "none"}
    path = tmp_path_factory.mktemp("terms") / "e"
    cl.train(tiny_data, target="hep", methods=["adversarial"], seeds=[1, 2], out=path, settings=settings)
    return path


@pytest.fixture(scope="session")
def other_split(tiny_data, tmp_path_factory):
    settings = TINY | {"data.split.by": "sequence", "data.split.seed": 3}
    path = tmp_path_factory.mktemp("split") / "e"
    cl.train(tiny_data, target="hep", methods=["source_only", "target_labels"], seeds=1, out=path, settings=settings)
    return path


@pytest.fixture
def copy(tiny_experiment, tmp_path):
    return shutil.copytree(tiny_experiment, tmp_path / "copy")


@pytest.fixture
def permuted(copy, tiny_data, tmp_path):
    """The same experiment on the same windows in another order, half of them read on the other strand."""
    data, rng = cl.read_dataset(tiny_data), np.random.default_rng(1)
    order = rng.permutation(len(data))
    tokens = data.sequences.gather(order)
    tokens[::2] = reverse_complement(tokens[::2])
    other = cl.write_dataset(
        tmp_path / "permuted",
        spec=data.spec,
        loci=data.loci.iloc[order],
        labels=data.labels[order],
        sequences=TableSequences.of(tokens),
    )
    row = np.argsort(order)
    edit_predictions(copy, lambda table: table.assign(row=row[table["row"]]).sample(frac=1, random_state=0))
    for path in copy.glob("adversarial/seed-*/model.json"):
        path.write_text(path.read_text().replace(data.hash, other.hash))
    for path in copy.glob("adversarial/seed-*/config.yaml"):
        path.write_text(path.read_text().replace(str(tiny_data), str(other.path)))
    return copy
