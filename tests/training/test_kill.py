from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from cislearn.training.judge import read_step
from tests.training.conftest import train, weights
from tests.training.killable import STEPS

ROOT = Path(__file__).resolve().parents[2]


def begin(folder: Path, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.training.killable", str(folder), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def kill_after(process: subprocess.Popen[str], step: int, delay: float) -> None:
    """Kill a training some time after it has told a step."""
    for line in process.stdout:
        if int(line) >= step:
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
            break
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL


@pytest.mark.slow
def test_killed_at_any_moment_and_resumed_the_weights_are_those_of_a_run_that_was_not(problem, tmp_path):
    """trap 16, for real: SIGKILL, twice, wherever it hits (a checkpoint half written too)."""
    moments = random.Random()
    reached = 0
    for step in (moments.randint(2, 12), moments.randint(14, 25)):
        kill_after(begin(tmp_path, 0.03), step, moments.uniform(0, 0.1))
        if (tmp_path / "run.ckpt").is_file():
            reached = read_step(tmp_path / "run.ckpt")
            assert reached % 3 == 0
    assert 0 < reached < STEPS
    last = begin(tmp_path, 0.0)
    told, errors = last.communicate(timeout=120)
    assert last.returncode == 0, errors
    steps = sorted({int(line) for line in told.split()})
    assert steps == list(range(reached + 1, STEPS + 1))
    whole, _ = train(problem, tmp_path / "whole.ckpt", steps=STEPS, validate_every=3, keep="last")
    np.testing.assert_array_equal(np.load(tmp_path / "weights.npy"), weights(whole).numpy())
