"""``cislearn search`` and ``study --job``, as they are called: what is printed, written and refused."""

from __future__ import annotations

import pandas as pd
import yaml

from tests.conftest import TINY


def test_from_a_configuration_and_a_space_to_the_best(cislearn, tiny_data, tmp_path):
    nested = {"data": {"path": str(tiny_data), "target": "hep"}, "methods": ["source_only"], "battery": False}
    nested |= {"training": {"epochs": 1, "batch_size": 60, "device": "cpu", "seeds": [0]}}
    nested |= {"model": {"encoder": TINY["model.encoder"]}}
    (tmp_path / "e.yaml").write_text(yaml.safe_dump(nested))
    (tmp_path / "space.yaml").write_text("training.optimiser.learning_rate: {low: 0.001, high: 0.01, log: true}\n")
    done = cislearn("search", "e.yaml", "--space", "space.yaml", "--trials", 2, "--out", "found")
    assert done.returncode == 0, done.stderr
    assert "best of 2 trials, by validation score" in done.stdout and "cislearn train found/best.yaml" in done.stdout
    assert len(pd.read_csv(tmp_path / "found" / "trials.tsv", sep="\t")) == 2
    assert_listed_once(cislearn, tmp_path)
    done = cislearn("search", "e.yaml", "--space", "space.yaml", "--trials", 2, "--out", "found", "--seed", 1)
    assert done.returncode == 2 and "is a search of another seed" in done.stderr


def assert_listed_once(cislearn, folder):
    """A finished search is one line; its trials, which are never scored, are not told to be gone on with."""
    best = pd.read_csv(folder / "found" / "trials.tsv", sep="\t")["score"].max()
    told = cislearn("runs", ".", COLUMNS="300").stdout
    (line,) = [line for line in told.splitlines() if "found" in line]
    assert "the best of 2" in line and "source_only" in line and f"{best:.3f}".removeprefix("0") in line
    assert "begun" not in told and "trial-" not in told
    (folder / "found" / "best.yaml").rename(folder / "kept.yaml")
    assert "begun: found: trials of a search: 2; the same `cislearn search` command" in cislearn("runs", ".").stdout
    (folder / "kept.yaml").rename(folder / "found" / "best.yaml")


def test_a_job_that_there_is_not_is_refused(refused):
    assert "'3/2' is not I/N" in refused("study", "simulated", "--size", "smoke", "--job", "3/2")
    assert "--job: does not go with deepreg" in refused("study", "deepreg", "--files", ".", "--job", "1/2")
