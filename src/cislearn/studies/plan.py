"""What a study costs here: twenty steps of each kind of training are timed before anything starts."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from cislearn.data.dataset import read_dataset
from cislearn.experiment.materials import gather_materials
from cislearn.experiment.methods import Method
from cislearn.experiment.record import predict_logits
from cislearn.experiment.setting import Setting
from cislearn.experiment.underway import settle
from cislearn.studies.study import Trial
from cislearn.training.fit import fit
from cislearn.training.judge import Validation

STEPS, WARM_UP = 20, 5
"""Steps that are timed, and steps before them that are not."""
PREDICTED = 2048
"""Validation windows whose prediction is timed."""


class Timing:
    """Times trainings and remembers them: how long a step takes does not depend on whose labels are seen."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[float, float]] = {}

    def seconds(self, setting: Setting, method: Method) -> tuple[float, int]:
        """Return the estimated seconds of a run and its steps; the validations are counted, scoring is not."""
        made = gather_materials(setting, method, 0)
        rows = len(setting.roles.labelled_rows(setting.judged_on(method), "valid"))
        validations = -(-made.plan.steps // made.plan.validate_every)
        key = self.key(setting, method)
        if key not in self.known:
            self.known[key] = (_step_seconds(setting, method), _window_seconds(setting))
        step, window = self.known[key]
        return made.plan.steps * step + validations * rows * window, made.plan.steps

    @staticmethod
    def key(setting: Setting, method: Method) -> str:
        """Return what a training is remembered by."""
        training = setting.config.training.model_dump(exclude={"seeds", "epochs"})
        return repr((setting.card, training, method.objective, method.config.options))


def estimate_costs(trials: Sequence[Trial]) -> pd.DataFrame:
    """Estimate what the runs of a study cost on this machine.

    Returns
    -------
    DataFrame
        The keys of each trial, method, steps and seconds of one run.
    """
    timing, costs = Timing(), []
    for trial in trials:
        setting, methods, _, _ = settle(trial.config, read_dataset(trial.config.data.path))
        for method in methods:
            seconds, steps = timing.seconds(setting, method)
            costs.append({**trial.keys, "method": method.title, "steps": steps, "seconds": seconds})
    return pd.DataFrame(costs, columns=None if costs else ["method", "steps", "seconds"])


def _step_seconds(setting: Setting, method: Method) -> float:
    """Time `STEPS` steps of a training that nobody keeps."""
    made, times = gather_materials(setting, method, 0), []
    steps = WARM_UP + STEPS
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
            watch=lambda done, shown: times.append(time.perf_counter()),
        )
    return (times[steps - 2] - times[WARM_UP - 1]) / (steps - 1 - WARM_UP)


def _window_seconds(setting: Setting) -> float:
    rows = setting.roles.rows("sources", "train")[:PREDICTED]
    network = setting.card.build()
    predict_logits(setting, network, rows[:64])
    begun = time.perf_counter()
    predict_logits(setting, network, rows)
    return (time.perf_counter() - begun) / len(rows)
