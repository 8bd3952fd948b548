"""Trials of a study on the workers of a Dask cluster, for those who have one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

from cislearn.errors import UserError


@contextmanager
def dask_workers(address: str) -> Iterator[Executor]:
    """Connect to a Dask scheduler, and leave it at the end; what still waits there is then taken back.

    Its workers find data and results under the same paths, and are processes of one thread each (``dask worker ADDRESS
    --nworkers 8 --nthreads 1``): a training takes the whole process.

    Parameters
    ----------
    address : str
        Of the scheduler, such as ``tcp://node1:8786``.

    Raises
    ------
    UserError
        Where ``distributed`` is not installed, nothing answers, there is no worker or one of several threads, or a
        trial killed those that had it.
    """
    try:
        from distributed import Client, KilledWorker
    except ImportError:
        fix = "pip install 'cislearn[dask]'"
        raise UserError("the workers of Dask need the package distributed", where="--dask", fix=fix) from None
    try:
        client: Any = Client(address, timeout=30)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        fix = "Give the address that `dask scheduler` printed, e.g. tcp://node1:8786."
        raise UserError(f"no scheduler answers at {address!r}: {error}", where="--dask", fix=fix) from error
    with client:
        threads = set(client.nthreads().values())
        if threads != {1}:
            found = f"a worker there has {max(threads)} threads" if threads else f"{address} has no worker"
            raise UserError(found, where="--dask", fix=f"Start some: dask worker {address} --nworkers 8 --nthreads 1")
        try:
            yield client.get_executor(pure=False)
        except KilledWorker as error:
            fix = "See the logs of the workers; the same command goes on where it stood."
            raise UserError("workers died at a trial, perhaps for want of memory", where=address, fix=fix) from error
