"""Fixtures for all tests."""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

SHAPES_CHECKED = (
    "sequence",
    "genome",
    "motifs",
    "data",
    "kmers",
    "models",
    "objectives",
    "evaluation",
    "prediction",
    "explain",
    "variants",
    "training",
)
"""Parts whose annotated shapes and types are checked at every call while the tests run."""

settings.register_profile("any machine", deadline=None)  # 200 ms an example are not enough on a busy one
settings.load_profile("any machine")

if multiprocessing.parent_process() is None:  # a process that a test started has imported the package before
    assert not any(module.startswith("cislearn.data") for module in sys.modules), "the shape checks come too late"
    install_import_hook(
        [f"cislearn.{part}" for part in SHAPES_CHECKED],
        "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))",  # an int serves as a float, as for mypy
    )


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real data that is never committed; tests that need it are skipped where it is absent."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("CISLEARN_SHARED_DATA", default))
    if not (folder / "README.md").is_file():
        pytest.skip("real data is absent; set CISLEARN_SHARED_DATA to the folder that holds it")
    return folder


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small simulated dataset: `ery` labelled, `hep` the target."""
    from cislearn.data.simulate import simulate, write_simulated

    path = tmp_path_factory.mktemp("tiny") / "sim"
    write_simulated(path, simulate("mixed", n_train=400, n_test=200, seed=0))
    return path


@pytest.fixture(scope="session")
def tiny_experiment(tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished experiment on `tiny_data`: source only, adversarial and target labels, two seeds, one epoch."""
    from cislearn.api import train

    path = tmp_path_factory.mktemp("tiny_runs") / "experiment"
    methods = ["source_only", "adversarial", "target_labels"]
    train(tiny_data, target="hep", methods=methods, seeds=2, out=path, settings=TINY)
    return path


TINY = {
    "training.epochs": 1,
    "training.batch_size": 60,
    "training.device": "cpu",
    "battery": False,
    "model.encoder": {"name": "motif_cnn", "motifs": 4, "pairs": 4, "features": 4},
}
"""Settings of experiments whose scores do not matter."""


LARGE = ("inception", "alexnet")
"""Networks of which each test takes seconds."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of large networks as slow."""
    for item in items:
        if any(name in item.name.partition("[")[2] for name in LARGE):
            item.add_marker(pytest.mark.slow)
