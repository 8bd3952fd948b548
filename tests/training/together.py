"""Trainings in one of several processes: ``python -m tests.training.together FOLDER CASES``, placed as by torchrun.

Each process writes the columns of its history and its weights after each step to ``CASE/rank-R.npz``.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cislearn.data.batches import TrainingRows
from cislearn.engine.devices import choose_device
from cislearn.engine.processes import ALONE, LostProcess, Processes, find_place, join, leave
from cislearn.errors import UserError
from cislearn.training.fit import TrainingPlan, fit
from cislearn.training.optimisers import OptimiserPlan
from tests.training.conftest import NORMED, SEED, SMALL, Problem, loss_on, make_problem, prepare

SETTINGS: dict[str, Any] = {
    "optimiser": OptimiserPlan(learning_rate=0.01), "seed": SEED, "validate_every": 5, "keep": "last",
}  # fmt: skip
NETWORKS = {"small": SMALL, "normed": NORMED}


@dataclass
class Case:
    """A training: of which network, by which method, and what goes wrong in it."""

    method: str = "adversarial"
    network: str = "small"
    steps: int = 10
    batch_size: int = 16
    absent: float = 0.0
    plan: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    hangs: int | None = None
    """The process that stops answering after step 4."""
    full: bool = False
    """Whether the disk of the first process takes no more than a few bytes."""


def train_together(folder: Path, case: Case, processes: Processes = ALONE) -> dict[str, np.ndarray]:
    """Train in float64; return the columns of the history and, under ``weights``, those after each step."""
    problem, trained = problem_of(case), []
    if case.full and processes.is_first:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    torch.set_default_dtype(torch.float64)  # of the weights, and of one-hot windows
    network, objective, batches, views = prepare(problem, case.method, NETWORKS[case.network], case.batch_size)

    def watch(step: int, row: dict[str, float]) -> None:
        if row:
            return
        trained.append(torch.cat([weight.detach().flatten() for weight in network.parameters()]).numpy())
        print(processes.rank, step, flush=True)
        time.sleep(case.seconds)
        if case.hangs == processes.rank and step == 4:
            os.kill(os.getpid(), signal.SIGSTOP)

    plan = TrainingPlan(case.steps, **SETTINGS | case.plan)
    fitted = fit(
        network, objective, batches, views, loss_on(make_problem()), plan,
        checkpoint=folder / "run.ckpt", device=choose_device("cpu"), watch=watch, processes=processes,
    )  # fmt: skip
    names = fitted.history[-1] if fitted.history else {}
    history = {name: np.array([row[name] for row in fitted.history]) for name in names}
    return history | {"weights": np.stack(trained)}


def problem_of(case: Case) -> Problem:
    """The small problem, of which a share of the source's labels is absent."""
    sequences, parts = make_problem()
    source = parts["source"]
    labels = source.labels.copy()
    labels[np.random.default_rng(1).random(len(labels)) < case.absent] = np.nan
    return sequences, parts | {"source": TrainingRows(source.rows, labels, source.domain)}


def main(folder: Path, cases: dict[str, Case]) -> None:
    """Train one case after the other in this process, and end as the command line does."""
    torch.set_num_threads(1)
    place = find_place(os.environ)
    assert place is not None
    processes = join(place)
    try:
        for name, case in cases.items():
            found = train_together(folder / name, case, processes)
            np.savez(folder / name / f"rank-{place.rank}.npz", **found)
    except LostProcess as lost:
        print("" if lost.is_told else lost, file=sys.stderr, flush=True)
        os._exit(2)
    except UserError as error:
        processes.say_farewell()
        print(error, file=sys.stderr, flush=True)
        os._exit(2)
    leave()


if __name__ == "__main__":
    main(Path(sys.argv[1]), {name: Case(**values) for name, values in json.loads(sys.argv[2]).items()})
