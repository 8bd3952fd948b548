"""The processes that train one network together: who they are, what they hand each other, who is missing.

A process is told its place by whoever started it, in the variables of torchrun or of SLURM's srun, and joins the others
over gloo (tensors on GPUs over NCCL). What is averaged and when is decided elsewhere (`cislearn.training.sharing`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from jaxtyping import Shaped
from torch import Tensor
from torch.distributed import TCPStore  # type: ignore[attr-defined]
from torch.distributed.rendezvous import rendezvous

from cislearn.errors import UserError

PATIENCE = 1800.0
"""Seconds that a step waits for the slowest process before the training ends; CISLEARN_PATIENCE changes it."""
FOREVER = timedelta(days=30)
"""For what has no bound: the others wait while the first process validates, scores and reports."""
ROLL_CALL = 5.0
"""Seconds in which those that are left have to say so, once one is missing."""
ADDRESS = "export MASTER_ADDR=$(scontrol show hostnames $SLURM_JOB_NODELIST | head -n 1) MASTER_PORT=29500"


class LostProcess(UserError):
    """Some of the processes ended or did not answer.

    Parameters
    ----------
    ranks : list of int
        Those that are missing.
    world : int
        Processes in all.
    patience : float
        Seconds that were waited.
    is_told : bool
        Whether somebody else tells the user: each of the missing its own reason, or another of those that are left.
    """

    def __init__(self, ranks: Sequence[int], world: int, patience: float, *, is_told: bool) -> None:
        self.is_told = is_told
        which = " and ".join(map(str, ranks)) or "unknown"
        super().__init__(
            f"process {which} of {world} (counted from 0) ended, or did not answer for {patience:g} s",
            fix="The same command goes on from the last checkpoint; with any number of processes (docs/scaling.md).",
        )


@dataclass(eq=False)
class Processes:
    """One process among those that train together; alone, all it does with others does nothing.

    Parameters
    ----------
    rank, world : int
        Its number, from 0, and how many there are.
    payload : int
        Bytes that it has handed over: of averages the size of what is averaged, of gathered rows that of its own.
    """

    rank: int = 0
    world: int = 1
    payload: int = 0
    store: Any = None
    control: Any = None
    patience: float = PATIENCE

    @property
    def is_first(self) -> bool:
        """Whether it is the one that validates, writes and tells."""
        return self.rank == 0

    @torch.no_grad()
    def average_(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors by their means over all processes, which have them in the same order."""
        for kind in sorted({tensor.dtype for tensor in tensors}, key=str):
            mine = [tensor for tensor in tensors if tensor.dtype == kind]
            flat = torch.cat([tensor.flatten() for tensor in mine])
            self.payload += flat.numel() * flat.element_size()
            with self._roll_called():
                dist.all_reduce(flat)
            flat /= self.world
            pieces = torch.split(flat, [tensor.numel() for tensor in mine])
            torch._foreach_copy_(mine, [p.view_as(t) for p, t in zip(pieces, mine, strict=True)])

    @torch.no_grad()
    def copy_first_(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors by those of the first process."""
        for tensor in tensors:
            whole = tensor.contiguous()
            with self._roll_called():
                dist.broadcast(whole, 0)
            tensor.copy_(whole)

    @torch.no_grad()
    def gather_rows(self, mine: Shaped[Tensor, "m f *places"], n: int) -> Shaped[Tensor, "n f *places"]:
        """Return all `n` rows, of which process r has those of ``r::world``."""
        most = -(-n // self.world)
        sent = mine.new_zeros(most, *mine.shape[1:])
        sent[: len(mine)] = mine
        found = [torch.empty_like(sent) for _ in range(self.world)]
        self.payload += mine.numel() * mine.element_size()
        with self._roll_called():
            dist.all_gather([as_bytes(each) for each in found], as_bytes(sent))
        return torch.stack(found, dim=1).flatten(0, 1)[:n]

    def tell(self, value: Any) -> Any:
        """Return the first process's `value` in all of them; however long that one takes."""
        if self.world == 1:
            return value
        box = [value]
        with self._roll_called():
            dist.broadcast_object_list(box, 0, group=self.control)
        return box[0]

    def say_farewell(self) -> None:
        """Say that this process ends for a reason that it tells itself, so that the others need not."""
        with suppress(RuntimeError):
            self.store.set(f"told/{self.rank}", b"1")

    @contextmanager
    def _roll_called(self) -> Iterator[None]:
        """Find out who is missing where the others cannot be reached."""
        try:
            yield
        except RuntimeError as error:
            raise self._call_the_roll() from error

    def _call_the_roll(self) -> LostProcess:
        others = set(range(self.world)) - {self.rank}
        missing, told = set(others), False
        try:
            self.store.set(f"here/{self.rank}", b"1")
            until = time.monotonic() + ROLL_CALL
            while missing and time.monotonic() < until:
                missing = {rank for rank in missing if not self.store.check([f"here/{rank}"])}
                told = bool(missing) and all(self.store.check([f"told/{rank}"]) for rank in missing)
                if told:
                    break
                time.sleep(0.05)
        except RuntimeError:  # under srun the first process keeps the store, and took it along
            missing = {0}
        speaker = min(set(range(self.world)) - missing)
        return LostProcess(sorted(missing), self.world, self.patience, is_told=told or self.rank != speaker)


def as_bytes(tensor: Tensor) -> Tensor:
    """Return the same memory as bytes: gloo does not know each kind of number."""
    return tensor.view(-1).view(torch.uint8)


@contextmanager
def meeting_point() -> Iterator[dict[str, str]]:
    """Keep the store through which processes of this machine meet, and give the variables that lead them there.

    As torchrun does: it outlives each of them, so those that are left learn who is missing. The system says which
    port is free, so none has to be chosen.
    """
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    yield {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(store.port), "TORCHELASTIC_USE_AGENT_STORE": "True"}


ALONE = Processes()
_current = ALONE


def current() -> Processes:
    """Return the processes that this one has joined."""
    return _current


@dataclass(frozen=True)
class Place:
    """Where a process stands among all, and among those of its machine."""

    rank: int
    world: int
    local_rank: int


def find_place(given: MutableMapping[str, str]) -> Place | None:
    """Return the place that torchrun or srun gave this process; None where nobody did.

    A batch script of SLURM also has a rank, but is no process of its own job: only srun says how many its step has.

    Raises
    ------
    UserError
        Where srun started it and it is not said where the processes meet.
    """
    if "WORLD_SIZE" in given and "RANK" in given:
        return Place(int(given["RANK"]), int(given["WORLD_SIZE"]), int(given.get("LOCAL_RANK", given["RANK"])))
    if int(given.get("SLURM_STEP_NUM_TASKS", "1")) == 1:
        return None
    if not {"MASTER_ADDR", "MASTER_PORT"} <= set(given):
        raise UserError(
            "srun has started several processes, and none knows where they meet", where="MASTER_ADDR", fix=ADDRESS
        )
    return Place(int(given["SLURM_PROCID"]), int(given["SLURM_STEP_NUM_TASKS"]), int(given["SLURM_LOCALID"]))


def join(place: Place, patience: float | None = None) -> Processes:
    """Join the other processes at MASTER_ADDR and MASTER_PORT.

    Parameters
    ----------
    place : Place
        Of this process.
    patience : float, optional
        Seconds that a step waits for the slowest; by default CISLEARN_PATIENCE, or half an hour.

    Raises
    ------
    UserError
        Where the port is taken, or the others do not come.
    """
    global _current
    if patience is None:
        patience = float(os.environ.get("CISLEARN_PATIENCE", PATIENCE))
    bound = timedelta(seconds=patience)
    if place.local_rank < torch.cuda.device_count():
        torch.cuda.set_device(place.local_rank)
    where = f"{os.environ.get('MASTER_ADDR')}:{os.environ.get('MASTER_PORT')}"
    try:
        store, _, _ = next(rendezvous("env://", place.rank, place.world, timeout=bound))
        backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
        dist.init_process_group(backend, store=store, rank=place.rank, world_size=place.world, timeout=bound)
        control = dist.new_group(backend="gloo", timeout=FOREVER)
    except (RuntimeError, ValueError) as error:
        raise _unreachable(str(error), where, place, patience) from error
    # Lightning reads a process's place there, whoever gave it.
    os.environ |= {"RANK": str(place.rank), "WORLD_SIZE": str(place.world), "LOCAL_RANK": str(place.local_rank)}
    _current = Processes(place.rank, place.world, store=store, control=control, patience=patience)
    return _current


def _unreachable(error: str, where: str, place: Place, patience: float) -> UserError:
    if "EADDRINUSE" in error or "already in use" in error:
        fix = "Give another: export MASTER_PORT=29501, or torchrun --master-port 29501."
        return UserError("the port is taken by another program", where=f"MASTER_PORT ({where})", fix=fix)
    return UserError(
        f"process {place.rank} of {place.world} could not meet the others there within {patience:g} s"
        f" ({error.splitlines()[0] if error else 'no reason given'})",
        where=where,
        fix="See that all processes are started, and that the machines reach each other at this address.",
    )


def leave() -> None:
    """Leave the others."""
    global _current
    if dist.is_initialized():
        dist.destroy_process_group()
    _current = ALONE
