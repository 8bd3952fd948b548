"""Trials side by side: the same ledger as one after the other, and no trial lost for another's sake."""

from __future__ import annotations

import errno
import logging
import multiprocessing
import os
import signal
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pandas as pd
import pytest

from cislearn.errors import UserError
from cislearn.experiment.reporter import Reporter
from cislearn.studies.carry_out import Results, carry_out
from cislearn.studies.dask_workers import dask_workers
from cislearn.studies.jobs import carry_out_side_by_side, own_processes
from cislearn.studies.ledger import Table
from cislearn.studies.study import deal_trials
from tests.studies.test_carry_out import Small


class Killed(Small):
    """Its process dies while a trial is scored, as at the hands of a system that is out of memory."""

    def scores(self, trial, experiment):
        if trial.keys["protocol"] == "oracle":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().scores(trial, experiment)


@pytest.fixture
def study(tiny_data):
    Small.data = tiny_data
    return Small()


def ledger(results: Results):
    return (
        results.runs.read().drop(columns="seconds").sort_values(["protocol", "method", "seed"]).reset_index(drop=True)
    )


def run_job(study: Small, data: Path, folder: Path, job: int, jobs: int) -> None:
    """What a job of an array does, in a process of its own."""
    Small.data = data
    trials = one_seed(study.trials("desk", Path(), folder))
    carry_out(study, deal_trials(trials, job, jobs), Results.of(study, folder / "results"), Reporter())


def start(study: Small, folder: Path) -> list[BaseException | None]:
    """Run both of two jobs at the same time, each in a process that a kill of the other does not touch."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    pools = [ProcessPoolExecutor(1, mp_context=context, initializer=barrier.wait) for _ in range(2)]
    running = [pool.submit(run_job, study, study.data, folder, job, 2) for job, pool in enumerate(pools, start=1)]
    ends = [job.exception() for job in running]
    for pool in pools:
        pool.shutdown()
    return ends


@pytest.mark.slow
def test_jobs_at_the_same_time_run_each_trial_once_and_a_killed_one_goes_on(study, tmp_path):
    trials = one_seed(study.trials("desk", Path(), tmp_path / "one"))
    alone = Results.of(study, tmp_path / "one" / "results")
    carry_out(study, trials, alone, Reporter())
    shared = Results.of(study, tmp_path / "two" / "results")
    whole, killed = start(Killed(), tmp_path / "two")
    assert whole is None and isinstance(killed, BrokenProcessPool)  # the second has the trial `oracle`
    assert ledger(shared)["protocol"].tolist() == ["last", "last"]
    assert start(study, tmp_path / "two") == [None, None]
    columns = [name for name in ledger(alone) if name != "threads"]
    assert ledger(shared)[columns].equals(ledger(alone)[columns])
    by_trial = ["protocol", "method", "metric"]
    one, two = (each.scores.read().sort_values(by_trial).reset_index(drop=True) for each in (alone, shared))
    assert one.equals(two)


def add_rows(path: Path, who: int, barrier) -> None:
    barrier.wait()
    for number in range(40):
        Table(path, ("who", "number")).add(pd.DataFrame([{"who": str(who), "number": str(number)}]))


def test_a_sigterm_ends_the_trials_too():
    """As `main` has it; else the pool would wait for a trial of hours."""
    begun = time.monotonic()
    with pytest.raises(SystemExit), own_processes(1) as pool:
        pool.submit(time.sleep, 30)
        raise SystemExit(143)
    assert time.monotonic() - begun < 30 and not multiprocessing.active_children()


def test_no_row_of_a_ledger_is_lost_where_several_write_it(tmp_path):
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(3)
    running = [context.Process(target=add_rows, args=(tmp_path / "t.tsv", who, barrier)) for who in range(3)]
    for process in running:
        process.start()
    for process in running:
        process.join()
    assert [process.exitcode for process in running] == [0, 0, 0]
    rows = Table(tmp_path / "t.tsv", ("who", "number")).read()
    assert sorted(zip(rows["who"], rows["number"].astype(int), strict=True)) == [
        (str(who), number) for who in range(3) for number in range(40)
    ]


@pytest.mark.parametrize("jobs", [1, 2, 3, 7])
def test_each_trial_is_dealt_to_one_job(jobs):
    trials = list(range(7))
    dealt = [deal_trials(trials, job, jobs) for job in range(1, jobs + 1)]
    assert sorted(chain(*dealt)) == trials
    assert max(map(len, dealt)) - min(map(len, dealt)) <= 1


def test_more_jobs_than_trials_are_refused():
    with pytest.raises(UserError, match="there are 3 jobs for 2 trials"):
        deal_trials([1, 2], 1, 3)


def test_a_disk_without_locks_is_told(tmp_path, monkeypatch):
    def refuse(*given):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(UserError, match=r"t\.tsv: cannot be locked: No locks available"):
        Table(tmp_path / "t.tsv", ("who",)).add(pd.DataFrame([{"who": "a"}]))
    assert not (tmp_path / "t.tsv").exists()


def one_seed(trials):
    training = trials[0].config.training.model_copy(update={"seeds": [3]})
    return [replace(t, config=t.config.model_copy(update={"training": training})) for t in trials]


@pytest.mark.slow
def test_the_ledger_is_that_of_one_after_the_other(study, tmp_path):
    found = {}
    for name in ("one", "two"):
        trials = one_seed(study.trials("desk", Path(), tmp_path / name))
        found[name] = Results.of(study, tmp_path / name / "results")
        if name == "one":
            carry_out(study, trials, found[name], Reporter())
        else:
            with own_processes(2) as pool:
                carry_out_side_by_side(study, trials, found[name], Reporter(), pool=pool)
    columns = [name for name in ledger(found["one"]) if name != "threads"]
    assert ledger(found["one"])[columns].equals(ledger(found["two"])[columns])
    assert len(ledger(found["two"])) == 4


@pytest.mark.slow
def test_a_trial_that_fails_or_is_killed_is_told_and_the_other_goes_on_later(study, tmp_path):
    trials = one_seed(study.trials("desk", Path(), tmp_path / "runs"))
    broken = trials[1].config.model_copy(update={"data": trials[1].config.data.model_copy(update={"target": "hepp"})})
    results, calls = Results.of(study, tmp_path / "results"), []
    with pytest.raises(UserError, match="did you mean hep"):
        pair = [trials[0], replace(trials[1], config=broken)]
        with own_processes(2) as pool:
            carry_out_side_by_side(study, pair, results, Reporter(), lambda: calls.append(1), pool=pool)
    assert set(results.runs.read()["protocol"]) == {"last"} and len(calls) == 2
    with pytest.raises(UserError, match="a process was killed"), own_processes(2) as pool:
        carry_out_side_by_side(Killed(), trials, results, Reporter(), pool=pool)
    assert set(results.runs.read()["protocol"]) == {"last"}  # what was not scored does not stand in the ledger
    carry_out(study, trials, results, Reporter())
    assert sorted(results.runs.read()["protocol"]) == ["last"] * 2 + ["oracle"] * 2


@contextmanager
def cluster(n: int, threads: int = 1):
    """A scheduler and its workers, processes as on a cluster; yields the address."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=n, threads_per_worker=threads, processes=True, dashboard_address=None, silence_logs=logging.ERROR
    ) as started:
        yield started.scheduler_address


@pytest.mark.slow
def test_workers_of_dask_write_the_same_ledger_and_one_that_dies_is_told(study, tmp_path, monkeypatch):
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    trials = one_seed(study.trials("desk", Path(), tmp_path / "one"))
    alone = Results.of(study, tmp_path / "one" / "results")
    carry_out(study, trials, alone, Reporter())
    trials = one_seed(study.trials("desk", Path(), tmp_path / "two"))
    shared = Results.of(study, tmp_path / "two" / "results")
    with cluster(2) as address:
        with pytest.raises(UserError, match="workers died at a trial"), dask_workers(address) as pool:
            carry_out_side_by_side(Killed(), trials, shared, Reporter(), pool=pool)
        with dask_workers(address) as pool:
            carry_out_side_by_side(study, trials, shared, Reporter(), pool=pool)
    columns = [name for name in ledger(alone) if name != "threads"]
    assert ledger(shared)[columns].equals(ledger(alone)[columns])
    assert len(ledger(shared)) == 4


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "threads", "said"), [(0, 1, "has no worker"), (1, 2, "has 2 threads")])
def test_a_cluster_that_cannot_train_is_told(workers, threads, said):
    with cluster(workers, threads) as address, pytest.raises(UserError, match=said), dask_workers(address):
        pass


def test_an_address_without_a_scheduler_is_told():
    pytest.importorskip("distributed")
    with pytest.raises(UserError, match="--dask: no scheduler answers at 'nonsense://'"), dask_workers("nonsense://"):
        pass
