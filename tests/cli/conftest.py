"""The command line, called as a user calls it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.forked import run_forked

Call = Callable[..., subprocess.CompletedProcess]


@pytest.fixture
def cislearn(tmp_path: Path) -> Call:
    """Run ``cislearn ARGUMENTS`` in a fresh folder; returns the finished process with its output as text."""

    def call(*arguments: object, cwd: Path = tmp_path, **environment: str) -> subprocess.CompletedProcess:
        variables = os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "200"} | environment
        return run_forked([*map(str, arguments)], cwd, variables)

    return call


@pytest.fixture
def refused(cislearn: Call) -> Callable[..., str]:
    """Run a command that must be refused: status 2, one ``error:`` message, no traceback. Returns the message."""

    def call(*arguments: object, **environment: str) -> str:
        done = cislearn(*arguments, **environment)
        assert done.returncode == 2, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr

    return call
