"""The study: tasks x what is trained about the second strand; each network is read on either strand and on both."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files as resources
from pathlib import Path

import pandas as pd

from cislearn.data.dataset import read_dataset
from cislearn.experiment.completion import Experiment
from cislearn.experiment.reading import make_config
from cislearn.experiment.roles import assign_roles
from cislearn.models.saving import load_network
from cislearn.runs import runs_under
from cislearn.studies.reverse_complement.embedded import embedded_scores
from cislearn.studies.reverse_complement.page import PROFILES, rc_page
from cislearn.studies.reverse_complement.readings import gradient_cosines, scores_table
from cislearn.studies.reverse_complement.strategies import OPTIONS, TRAININGS
from cislearn.studies.reverse_complement.tasks import TASKS, Task, peaks_in
from cislearn.studies.study import Size, Study, Trial

READINGS = {"forward": "forward", "reverse": "reverse", "mean": "mean"}
SMOKE = 300
"""Windows of a factor or class in the smoke size."""
FEW = ("augmented", "none", "rcps", "rcps-unnormalised", "augmented-unnormalised")
"""Trainings of the long simulations in the desk size."""
LONG = ("simulated 1000 bp", "published motifs 1000 bp")
MANY_SEEDS, FEW_SEEDS = list(range(10)), [0, 1, 2]


class ReverseComplement(Study):
    """Every strategy for the second strand on simulated windows and on peaks."""

    name = "reverse_complement"
    title = "Reverse complements: strategy by task"
    axes = ("task", "training")
    scored_on = ("part", "reading")
    beside = tuple(column.study for column in PROFILES.values())
    introduction = (
        resources("cislearn.studies.reverse_complement").joinpath("introduction.md").read_text(encoding="utf-8")
    )

    def trials(self, size: Size, files: Path, work: Path) -> Sequence[Trial]:
        """See `Study.trials`."""
        most, made = (SMOKE, work / "data-smoke") if size == "smoke" else (None, work / "data")
        makers = TASKS | peaks_in(files)
        if size == "smoke":
            makers = {name: makers[name] for name in ("shared backgrounds 200 bp", "simulated genome 1000 bp")}
        self._tasks = {name: make(files, made, most) for name, make in makers.items()}
        return [
            _trial(name, training, task, size, work)
            for name, task in self._tasks.items()
            for training in TRAININGS
            if _goes(training, task) and (size != "desk" or training in FEW or name not in LONG)
        ]

    def scores(self, trial: Trial, experiment: Experiment) -> pd.DataFrame:
        """Return AUROC and AUPRC on training and test rows of each reading of the networks."""
        dataset, runs = read_dataset(trial.config.data.path), runs_under(experiment.path)
        roles = assign_roles(dataset, trial.config.data)
        parts = {part: roles.labelled_rows("sources", part) for part in ("train", "test")}
        names = READINGS | ({"maximum": "maximum"} if "maximum" in trial.keys["training"] else {})
        networks = [load_network(run.path) for run in runs]
        tables = [scores_table(networks, runs, dataset, parts, names), gradient_cosines(runs)]
        fresh = self._tasks[trial.keys["task"]].fresh
        if fresh is not None:
            other = read_dataset(fresh)
            rows = assign_roles(other, trial.config.data.model_copy(update={"path": fresh})).rows("sources", "test")
            tables.append(scores_table(networks, runs, other, {"fresh test": rows}, names))
        if trial.keys["training"] == "conjoined":
            tables.append(embedded_scores(trial.config, runs, dataset, parts))
        return pd.concat(tables, ignore_index=True).assign(method="supervised")

    def page(self, trials: Sequence[Trial], scores: pd.DataFrame, progress: pd.DataFrame) -> list[str]:
        """See `Study.page`."""
        return rc_page(trials, scores, progress)


def _goes(training: str, task: Task) -> bool:
    """Whether a training is one of a task: the published weighted sum ends in a single logit."""
    return training != "rcps-weighted" or task.encoder == "zhou_binary"


def _trial(name: str, training: str, task: Task, size: Size, work: Path) -> Trial:
    few = {"seeds": [0], "epochs": 2} if size == "smoke" else {}
    many = size == "paper" or (name == "simulated 200 bp" and not training.endswith("unnormalised"))
    folder = f"{name.replace(' ', '_')}-{training}"
    config = {
        "data": task.data,
        "model": {
            "encoder": {"name": task.encoder, **OPTIONS.get(training, {})},
            "reverse_complement": TRAININGS[training],
        },
        "methods": task.methods,
        "training": {
            **task.training,
            "seeds": MANY_SEEDS if many else FEW_SEEDS,
            "log_strand_gradients": training in ("augmented", "conjoined"),
            **few,
        },
        "battery": False,
        "out": str(work / size / folder),
    }
    return Trial({"task": name, "training": training}, make_config(config))
