"""What a study costs here: twenty steps of each kind of training are timed before anything starts."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from cislearn.data.dataset import read_dataset
from cislearn.experiment.cost import run_size, step_seconds, window_seconds
from cislearn.experiment.methods import Method
from cislearn.experiment.setting import Setting
from cislearn.experiment.underway import settle
from cislearn.studies.study import Trial

STEPS = 20
"""Steps that are timed."""


class Timing:
    """Times trainings and remembers them: how long a step takes does not depend on whose labels are seen."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[float, float]] = {}

    def seconds(self, setting: Setting, method: Method) -> tuple[float, int]:
        """Return the estimated seconds of a run and its steps; the validations are counted, scoring is not."""
        size = run_size(setting, method)
        key = self.key(setting, method)
        if key not in self.known:
            self.known[key] = (step_seconds(setting, method, STEPS), window_seconds(setting))
        step, window = self.known[key]
        return size.steps * step + size.validated * window, size.steps

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
