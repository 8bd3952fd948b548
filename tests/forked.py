"""``cislearn`` in a process that has imported all already: that takes longer than most commands do.

A server, clean of what tests do, imports once and forks for each command.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

IMPORTED = [
    "lightning",
    "matplotlib.figure",
    "cislearn.api",
    "cislearn.cli.main",
    "cislearn.cli.predict_file",
    "cislearn.experiment.execute",
    "cislearn.experiment.expression",
    "cislearn.reports.write",
]
PATIENCE = 300.0
"""Seconds that no command may take, unless a test says otherwise."""


def run_forked(
    arguments: Sequence[str], cwd: Path, variables: Mapping[str, str], patience: float = PATIENCE
) -> subprocess.CompletedProcess[str]:
    """Run ``cislearn ARGUMENTS`` in a folder; returns the finished process with its output as text."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    with tempfile.TemporaryDirectory() as folder:
        said = [Path(folder) / name for name in ("stdout", "stderr")]
        process = context.Process(target=_run, args=(list(arguments), cwd, dict(variables), said))
        process.start()
        process.join(patience)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(["cislearn", *arguments], patience)
        return subprocess.CompletedProcess(
            ["cislearn", *arguments], process.exitcode, *(path.read_text(encoding="utf-8") for path in said)
        )


def _run(arguments: list[str], cwd: Path, variables: dict[str, str], said: list[Path]) -> None:
    """Be the command: its output goes to files, and it ends as an interpreter would."""
    for number, path in enumerate(said, start=1):
        with path.open("wb") as file:
            os.dup2(file.fileno(), number)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8") for number in (1, 2))
    os.chdir(cwd)
    os.environ.update(variables)
    sys.argv = ["cislearn", *arguments]
    from cislearn.cli.main import main

    try:
        main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
