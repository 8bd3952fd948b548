"""The quickstart: one simulated dataset, two methods, three seeds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cislearn.data.simulate import simulate, write_simulated
from cislearn.experiment.config import ExperimentConfig
from cislearn.experiment.reading import make_config

TARGET = "hep"
EPOCHS = 8
"""Fewer than the default: minutes for six runs, and enough to see what there is to see."""


def quickstart_data(path: Path) -> Path:
    """Return the folder of the simulated benchmark, which is made where it is not there yet."""
    if not (path / "dataset.json").is_file():
        write_simulated(path, simulate("mixed", target=TARGET, seed=0))
    return path


def quickstart_config(data: Path, out: Path, settings: Sequence[str] = ()) -> ExperimentConfig:
    """Return a short experiment on the simulated benchmark: source only against adversarial, seeds 0, 1, 2."""
    values = {"data": {"path": str(data), "target": TARGET}, "training": {"epochs": EPOCHS}, "out": str(out)}
    return make_config(values, settings, where="--set")
