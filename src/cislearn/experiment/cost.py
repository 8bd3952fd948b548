"""What a run costs on this device, timed on a few steps of it."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from cislearn.experiment.materials import gather_materials
from cislearn.experiment.methods import Method
from cislearn.experiment.record import predict_logits
from cislearn.experiment.setting import Setting
from cislearn.training.fit import fit
from cislearn.training.judge import Validation

WARM_UP = 5
"""Steps before those that are timed."""
PREDICTED = 2048
"""Windows whose prediction is timed."""


@dataclass(frozen=True)
class RunSize:
    """Steps of a run, and windows that its validations predict in all."""

    steps: int
    validated: int


def run_size(setting: Setting, method: Method) -> RunSize:
    """Return how much work a run is."""
    plan = gather_materials(setting, method, 0).plan
    rows = len(setting.judged_rows(method))
    return RunSize(plan.steps, -(-plan.steps // plan.validate_every) * rows)


def run_seconds(setting: Setting, method: Method, timed: int, warm_up: int = WARM_UP) -> float:
    """Return the estimated seconds of a run, its validations counted and its scoring not."""
    size = run_size(setting, method)
    return size.steps * step_seconds(setting, method, timed, warm_up) + size.validated * window_seconds(setting)


def step_seconds(setting: Setting, method: Method, timed: int, warm_up: int = WARM_UP) -> float:
    """Return the seconds of a step: the mean over `timed` steps of a training that nobody keeps."""
    made, times = gather_materials(setting, method, 0), []
    steps = warm_up + timed + 1  # the last one is followed by the end of the training

    def watch(done: int, shown: dict[str, float]) -> None:
        if done in (warm_up, steps - 1):
            if setting.device.accelerator == "cuda":
                torch.cuda.synchronize()  # what was asked for is not done yet
            times.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as folder:
        fit(
            made.network,
            made.objective,
            made.batches,
            made.views,
            lambda network: Validation(score=0.0, loss=0.0, further={}),
            replace(made.plan, steps=steps, validate_every=steps),
            checkpoint=Path(folder) / "last.ckpt",
            device=setting.device,
            watch=watch,
            finish=False,
        )
    return (times[1] - times[0]) / timed


def window_seconds(setting: Setting) -> float:
    """Return the seconds that the prediction of a window takes."""
    rows = setting.roles.rows("sources", "train")[:PREDICTED]
    network = setting.card.build()
    predict_logits(setting, network, rows[:64])
    begun = time.perf_counter()
    predict_logits(setting, network, rows)
    return (time.perf_counter() - begun) / len(rows)
