"""Fixtures for all tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from jaxtyping import install_import_hook

SHAPES_CHECKED = ("sequence", "genome", "motifs", "data", "models", "objectives", "evaluation", "prediction", "training")
"""Parts whose annotated shapes and types are checked at every call while the tests run."""

assert not any(module.startswith("cislearn.data") for module in sys.modules), "the shape checks come too late"
if os.environ.get("SHAPES"): install_import_hook([f"cislearn.{part}" for part in SHAPES_CHECKED], "beartype.beartype")


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
