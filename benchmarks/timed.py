"""Trainings as `fit` does them, with the time at which each step ended."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from cislearn.data.batches import Batches
from cislearn.data.views import Views
from cislearn.engine.devices import choose_device
from cislearn.engine.processes import ALONE, Processes
from cislearn.models.network import Network
from cislearn.objectives.objective import Objective
from cislearn.training.fit import TrainingPlan, fit
from cislearn.training.judge import Validation


def timed_fit(
    network: Network,
    objective: Objective,
    batches: Batches,
    views: Views,
    plan: TrainingPlan,
    processes: Processes = ALONE,
) -> tuple[list[float], list[float]]:
    """Train on the CPU and judge nothing; return the losses that the plan looks at, and when each step ended."""
    objective.setup(network, network.spec)
    times: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        fitted = fit(
            network,
            objective,
            batches,
            views,
            lambda network: Validation(0.0, 0.0, {}),
            plan,
            checkpoint=Path(folder) / "last.ckpt",
            device=choose_device("cpu"),
            watch=lambda step, row: times.append(time.perf_counter()) if not row else None,
            processes=processes,
        )
    network.train()
    return [row["train_loss"] for row in fitted.history], times
