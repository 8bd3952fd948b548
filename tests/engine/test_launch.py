"""Processes that were started together end together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

LAUNCHES = """
import signal, sys
from cislearn.engine.launch import launch
signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
launch(["-c", "import os, time; print(os.getpid(), flush=True); time.sleep(600)"], 2)
"""


KILLED = """
from cislearn.engine.launch import launch
CHILD = "import os, time; from cislearn.engine.launch import end_with_launcher; end_with_launcher()"
launch(["-c", CHILD + "; print(os.getpid(), flush=True); time.sleep(600)"], 2)
"""


def is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def launched(code: str) -> Iterator[tuple[subprocess.Popen, list[int]]]:
    """A launcher and the two processes that it has started; none is left behind."""
    started: list[int] = []
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        try:
            started += [int(parent.stdout.readline()) for _ in range(2)]
            yield parent, started
        finally:
            parent.kill()
            for process in filter(is_there, started):
                os.kill(process, signal.SIGKILL)


def test_a_sigterm_of_the_first_one_ends_all():
    with launched(LAUNCHES) as (parent, started):
        parent.terminate()
        assert parent.wait(timeout=60) == 143
        assert not any(map(is_there, started))


def test_a_killed_launcher_leaves_nobody():
    """It can tell nobody: they look for themselves, or they would train on where the same command begins again."""
    with launched(KILLED) as (parent, started):
        parent.kill()
        parent.wait(timeout=60)
        until = time.monotonic() + 60
        while any(map(is_there, started)) and time.monotonic() < until:
            time.sleep(0.05)
        assert not any(map(is_there, started))
