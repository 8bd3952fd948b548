"""Processes that were started together end together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

LAUNCHES = """
import signal, sys
from cislearn.engine.launch import launch
signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
launch(["-c", "import os, time; print(os.getpid(), flush=True); time.sleep(600)"], 2)
"""


def is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_sigterm_of_the_first_one_ends_all():
    started: list[int] = []
    with subprocess.Popen([sys.executable, "-c", LAUNCHES], stdout=subprocess.PIPE, text=True) as parent:
        try:
            started = [int(parent.stdout.readline()) for _ in range(2)]
            parent.terminate()
            assert parent.wait(timeout=60) == 143
            assert not any(map(is_there, started))
        finally:
            parent.kill()
            for process in filter(is_there, started):
                os.kill(process, signal.SIGKILL)
