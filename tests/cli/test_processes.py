"""``cislearn train --processes``: the command in several processes, and what is refused."""

from __future__ import annotations

import os
import subprocess
import sys

import pandas as pd
import pytest

from cislearn.api import train
from cislearn.errors import UserError
from cislearn.runs import ExperimentFolder
from tests.conftest import TINY

CONFIG = """
data: {path: DATA, target: hep}
methods: [source_only, adversarial]
battery: false
model: {encoder: {name: motif_cnn, motifs: 4, pairs: 4, features: 4}}
training: {epochs: 2, batch_size: 60, device: cpu, seeds: [0]}
"""


def cislearn(*arguments, **variables):
    command = [sys.executable, "-m", "cislearn", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, env=os.environ | variables)


def history(folder, method):
    return pd.read_csv(ExperimentFolder(folder).run(method, 0).path / "history.tsv", sep="\t")


@pytest.fixture
def config(tiny_data, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.replace("DATA", str(tiny_data)))
    return path


@pytest.mark.slow
def test_two_processes_leave_the_experiment_of_one(config, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    ran = [cislearn("train", config, "--out", one), cislearn("train", config, "--out", two, "--processes", 2)]
    assert [each.returncode for each in ran] == [0, 0], ran[1].stderr
    assert ran[1].stdout.count("scoring") == 1  # the other process tells nothing
    for method in ("source_only", "adversarial"):
        apart, together = history(one, method), history(two, method)
        pd.testing.assert_frame_equal(
            together.drop(columns=["seconds", "megabytes"]), apart.drop(columns="seconds"), atol=1e-4
        )
        assert (together["megabytes"] > 0).all()
        assert abs(together["megabytes"].diff().iloc[1]) < 1e-6  # each validation tells of its own steps
    files = [sorted(str(path.relative_to(folder)) for path in folder.rglob("*")) for folder in (one, two)]
    assert files[0] == files[1]


def test_a_run_whose_number_of_processes_was_not_started_is_refused(tiny_data, tmp_path):
    settings = TINY | {"training.processes": 2}
    with pytest.raises(UserError, match=r"training\.processes: 2 processes are asked for, and 1 here"):
        train(tiny_data, target="hep", seeds=1, out=tmp_path / "out", settings=settings)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"training.sync_every": 5}, r"sync_every: weights averaged every 5 steps need several processes"),
        ({"training.processes": 0}, "processes"),
        ({"training.processes": 2, "training.precision": "16-mixed"}, "precision: 16-mixed"),
    ],
)
def test_what_does_not_go_together_is_refused(tiny_data, tmp_path, settings, message):
    with pytest.raises(UserError, match=message):
        train(tiny_data, target="hep", seeds=1, out=tmp_path / "out", settings=TINY | settings)
