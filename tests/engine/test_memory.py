from __future__ import annotations

import os
import subprocess
import sys

import pytest

from cislearn.engine import memory

COUNT = """
import resource, sys, torch
from cislearn.engine.memory import keep_freed_memory
kept = sys.argv[1] == "keep" and keep_freed_memory()
def step():
    for size in (1_500_000, 3_000_000, 6_000_000):
        torch.ones(size)
for _ in range(3):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    step()
print(int(kept), resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def count(how: str) -> tuple[bool, int]:
    """Whether memory is kept, and the page faults of 20 steps in a process of its own.

    It starts with glibc's first threshold, since what glibc makes of it by itself hangs on all that was freed before.
    """
    environment = os.environ | {"MALLOC_TRIM_THRESHOLD_": "131072"}
    command = [sys.executable, "-c", COUNT, how]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    kept, faults = answer.split()
    return bool(int(kept)), int(faults)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone can be told")
def test_steps_that_free_what_they_took_fault_no_pages():
    kept, faults = count("keep")
    if not kept:
        pytest.skip("the C library is not glibc")
    assert faults < 500 < count("leave")[1]


def test_a_library_that_cannot_be_told_is_left_as_it_is(monkeypatch):
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: object())
    assert not memory.keep_freed_memory()
