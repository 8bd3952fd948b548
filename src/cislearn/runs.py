"""Folders of experiments and runs: what stands where, and which are whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cislearn.atomic import take_place
from cislearn.errors import UserError
from cislearn.evaluation.profiles.names import LOSSES, MEANS
from cislearn.schema import TaskSpec

FORMAT = 1
RUN, EXPERIMENT = "run.json", "experiment.json"
EACH_RECORD = "each.json"
"""Of a folder that holds an experiment for each labelled domain as target."""
SEARCH, TRIALS, BEST = "search.json", "trials.tsv", "best.yaml"
"""Of a search for hyper-parameters: what is searched, a row a trial, and the best configuration once it is through."""
UNTRAINED = "untrained"
"""Stands for a method where there is none: the network before its first step."""
AVERAGED = "averaged.tsv"
"""Of an experiment with several seeds: the scores of their mean, which is what predictions are made with."""
IDLE = ("out", "methods", "battery", "gkm_svm", "leave_one_out")
"""Keys of a configuration that its runs do not depend on; a run has one method, which it is told apart by."""
IDLE_IN_TRAINING = ("seeds", "device", "log_strand_gradients")
"""The same of ``training``: what is logged changes no weight."""
LABELLED = "labelled.tsv"
"""The target's rows whose labels training may see, where it sees a share of them."""
SEEN = "seen.npy"
"""Hashes of the windows whose labels a run saw, so that they are never taken for new ones."""
SEEN_PLACES = "seen.parquet"
"""Where those windows lie."""
PREDICTED_PROFILES = "profiles.npz"
"""Of a run: shapes and counts of its validation and test rows."""
LOG_COUNTS = "log_counts"
"""Of a profile in ``predictions.parquet``: log(1 + counts) of all strands together, as predicted."""


@dataclass(frozen=True)
class RunFolder:
    """The folder of one training. While it is trained it has another name, so a run that is there is whole."""

    path: Path

    @property
    def partial(self) -> Path:
        """The folder while the run is trained: ``seed-0.partial``."""
        return self.path.with_name(f"{self.path.name}.partial")

    @property
    def is_finished(self) -> bool:
        """Whether the run is there, whole."""
        return (self.path / RUN).is_file()

    @property
    def info(self) -> dict[str, Any]:
        """What ``run.json`` says."""
        return read_record(self.path / RUN)

    def finish(self, *, replace: bool = False) -> None:
        """Give the folder its name, now that the run is whole; with `replace` what bears it now goes."""
        try:
            if replace:
                take_place(self.partial, self.path)
            else:
                self.partial.rename(self.path)
        except OSError as error:
            raise UserError(f"cannot be renamed from {self.partial.name}: {error.strerror}", where=self.path) from error


@dataclass(frozen=True)
class ExperimentFolder:
    """The folder of an experiment: ``<method>/seed-<n>/`` is a run."""

    path: Path

    def run(self, method: str, seed: int) -> RunFolder:
        """Return the run of a method and a seed, whether it is there or not."""
        return RunFolder(self.path / method / f"seed-{seed}")

    @property
    def is_finished(self) -> bool:
        """Whether all its runs are there and scored."""
        return (self.path / EXPERIMENT).is_file()

    @property
    def info(self) -> dict[str, Any]:
        """What ``experiment.json`` says: methods, seeds, target and more."""
        return read_record(self.path / EXPERIMENT)

    def runs(self, method: str) -> list[RunFolder]:
        """Return the finished runs of a method, by seed."""
        return [self.run(method, seed) for seed in self.info["seeds"]]


def read_record(path: Path) -> dict[str, Any]:
    """Read a JSON file that a run or an experiment holds.

    Raises
    ------
    UserError
        Where it is absent, cut short, or of another format.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(
            f"holds no finished run or experiment (no {path.name})", where=path.parent, fix="Give what `train` wrote."
        ) from error
    except (OSError, ValueError) as error:
        raise UserError(f"is not whole: {error}", where=path, fix="Train it again.") from error
    found = record.get("format") if isinstance(record, dict) else None
    if found != FORMAT:
        raise UserError(f"has format {found}; this version reads format {FORMAT}", where=path)
    return record


def runs_under(path: Path, method: str | None = None) -> list[RunFolder]:
    """Return the finished runs that `path` stands for: itself, those of one method, or of an experiment's `method`.

    Where an experiment holds several methods and none is named, the last one listed is taken: baselines come first.

    Raises
    ------
    UserError
        Where there is no finished run, or no method of that name.
    """
    if (path / RUN).is_file():
        return _of_method([RunFolder(path)], method, path)
    if (path / EXPERIMENT).is_file():
        experiment = ExperimentFolder(path)
        methods = experiment.info["methods"]
        if method is not None and method not in methods:
            raise _no_method(method, methods, path)
        return experiment.runs(method or default_method(experiment.info))
    found = [RunFolder(run.parent) for run in sorted(path.glob(f"seed-*/{RUN}")) if not run.parent.suffix]
    if found:
        return _of_method(found, method, path)
    if (path / EACH_RECORD).is_file():
        folders = read_record(path / EACH_RECORD)["folders"]
        problem = f"holds experiments, one for each domain: {', '.join(folders)}"
        raise UserError(problem, where=path, fix=f"Name one: {path / folders[0]}")
    raise UserError(
        "holds no finished run or experiment", where=path, fix="Give a folder that `cislearn train` wrote and finished."
    )


def _of_method(runs: list[RunFolder], method: str | None, path: Path) -> list[RunFolder]:
    """Return `runs`, unless `method` is named and they are of another."""
    if method is not None and (methods := {str(run.info["method"]) for run in runs}) != {method}:
        raise _no_method(method, sorted(methods), path)
    return runs


def _no_method(method: str, methods: list[str], path: Path) -> UserError:
    return UserError(
        f"holds no method {method!r}; it has {', '.join(methods)}",
        where=path,
        fix="Name one of these, or the folder of the experiment that has it.",
    )


def default_method(info: Mapping[str, Any]) -> str:
    """Return the method that an experiment's predictions are of: the last listed that saw no target label."""
    bounds = set(info.get("upper_bounds", []))
    return ([method for method in info["methods"] if method not in bounds] or info["methods"])[-1]


def logit_names(task: TaskSpec) -> list[str]:
    """Columns of ``predictions.parquet`` with what a task is scored by: its logit, or with several classes one each.

    Of a profile they are `profile_score_names`.
    """
    if task.kind == "profile":
        return profile_score_names(task.name)
    if task.n_logits == 1:
        return [f"logit_{task.name}"]
    return [f"logit_{task.name}_{c}" for c in range(task.n_logits)]


def certain_names(task: TaskSpec) -> list[str]:
    """Those of `logit_names` that are numbers in every labelled row."""
    certain = (LOG_COUNTS, *LOSSES)
    return [f"{score}_{task.name}" for score in certain] if task.kind == "profile" else logit_names(task)


def profile_score_names(task: str) -> list[str]:
    """Columns of ``predictions.parquet`` of a profile task: predicted counts, and what a row gives to each mean."""
    return [f"{score}_{task}" for score in (LOG_COUNTS, *MEANS)]
