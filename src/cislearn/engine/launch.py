"""Start the same command in several processes on this machine, and see to it that none is left when one fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

from cislearn.engine.processes import meeting_point

LAUNCHER = "CISLEARN_LAUNCHER"
"""Variable that tells a process which one started it."""
GRACE = 30.0
"""Seconds that the others have to end by themselves, and to say why, once one has failed."""


def launch(arguments: Sequence[str], n: int) -> int:
    """Run ``python ARGUMENTS`` in `n` processes, placed as torchrun places them, and wait for all.

    Parameters
    ----------
    arguments : list of str
        Of this Python, such as ``-m cislearn train``.
    n : int
        Processes. Each has its share of the cores, unless ``OMP_NUM_THREADS`` says otherwise.

    Returns
    -------
    int
        0 where all ended well; else the status of one that ended by itself with another, or 1.
    """
    threads = os.environ.get("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // n)))
    with meeting_point() as meeting:
        shared = os.environ | meeting | {"WORLD_SIZE": str(n), "OMP_NUM_THREADS": threads, LAUNCHER: str(os.getpid())}
        processes = [
            subprocess.Popen([sys.executable, *arguments], env={**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)})
            for rank in range(n)
        ]
        try:
            return _wait(processes)
        except KeyboardInterrupt:  # the terminal has told all of them
            _end(processes)
            return 128 + signal.SIGINT
        except SystemExit:  # a SIGTERM that may have come to this process alone
            for process in processes:
                process.terminate()
            _end(processes)
            raise


def end_with_launcher() -> None:
    """See to it that this process ends within a second of the one that launched it, however that one ends.

    A launcher that is killed can tell nobody; what it started would go on training where another may begin.
    """
    launcher = os.environ.get(LAUNCHER)

    def watch() -> None:
        while os.getppid() == int(str(launcher)):
            time.sleep(0.5)
        os._exit(1)

    if launcher is not None:
        threading.Thread(target=watch, daemon=True).start()


def _wait(processes: Sequence[subprocess.Popen[bytes]]) -> int:
    """Wait until all have ended or one has failed, and then see the others end."""
    while all(process.poll() in (None, 0) for process in processes):
        if all(process.returncode == 0 for process in processes):
            return 0
        time.sleep(0.05)
    _end(processes)
    return next((process.returncode for process in processes if process.returncode > 0), 1)


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    until = time.monotonic() + GRACE
    while time.monotonic() < until and any(process.poll() is None for process in processes):
        time.sleep(0.05)
    for process in processes:
        process.kill()
        process.wait()
