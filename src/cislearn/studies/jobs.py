"""Trials of a study side by side: one process each, on the cores and GPUs that a pool has."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from cislearn.errors import UserError
from cislearn.experiment.reporter import Reporter
from cislearn.studies.carry_out import Results, rounds, run_seeds
from cislearn.studies.study import Study, Trial


def carry_out_side_by_side(
    study: Study,
    trials: Sequence[Trial],
    results: Results,
    reporter: Reporter,
    scored: Callable[[], object] = lambda: None,
    *,
    pool: Executor,
) -> None:
    """Run what the ledger lacks, as many trials at a time as the pool has processes; else as `carry_out` does.

    A trial that fails does not stop the others.

    Raises
    ------
    UserError
        Of the first trial that failed, or where a process was killed, after all others of its round have ended.
    """
    scored()
    for n in rounds(trials):
        running = {pool.submit(run_seeds, study, trial, n, results, Reporter()): trial for trial in trials}
        try:
            _wait(running, reporter, scored)
        except BaseException:
            for waiting in running:
                waiting.cancel()
            raise


@contextmanager
def own_processes(jobs: int) -> Iterator[Executor]:
    """Start processes among which the cores are shared out evenly, and the GPUs in turn.

    Many small runs on one GPU keep it busier than one does.
    """
    context = multiprocessing.get_context("spawn")
    number = context.Value("i", 0)
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_take_share, initargs=(number, jobs)) as pool:
        try:
            yield pool
        except SystemExit:  # at SIGTERM; the pool would wait for trials that nobody has told
            for process in multiprocessing.active_children():
                process.terminate()
            raise


def _wait(running: dict[Future[bool], Trial], reporter: Reporter, scored: Callable[[], object]) -> None:
    failed: UserError | None = None
    for done in as_completed(running):
        name = running[done].name
        try:
            if done.result():
                reporter.note(f"{name}: done")
                scored()
        except BrokenProcessPool as error:
            raise UserError(
                "a process was killed, perhaps for want of memory",
                fix="Take fewer --jobs; the same command goes on where it stood.",
            ) from error
        except UserError as error:
            reporter.note(f"{name}: failed: {error}")
            failed = failed or error
    if failed is not None:
        raise failed


def _take_share(number: Any, jobs: int) -> None:
    """Take this process's share of the cores, and one of the GPUs."""
    with number.get_lock():
        mine = number.value
        number.value += 1
    import torch

    torch.set_num_threads(max(1, (os.cpu_count() or 1) // jobs))
    if (gpus := torch.cuda.device_count()) > 1:
        os.environ["CUDA_VISIBLE_DEVICES"] = str(mine % gpus)
