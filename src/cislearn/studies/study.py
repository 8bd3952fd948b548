"""What a study is: experiments on a few axes (protocol, target, network), each trained from its seeds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal

import pandas as pd

from cislearn.errors import UserError, nearest
from cislearn.experiment.completion import Experiment
from cislearn.experiment.config import ExperimentConfig

Size = Literal["smoke", "desk", "paper"]
SIZES: tuple[Size, ...] = ("smoke", "desk", "paper")


@dataclass(frozen=True)
class Trial:
    """One experiment of a study.

    Parameters
    ----------
    keys : mapping of str to str
        Where it stands on the axes of the study.
    config : ExperimentConfig
        All of it; ``out`` is its folder. Counts of words stand beside its networks only where it says so: what studies
        compare is networks.
    """

    keys: Mapping[str, str]
    config: ExperimentConfig

    def __post_init__(self) -> None:
        """Leave the counts out that an encoder has by default."""
        if self.config.model.kmer_counts is None:
            model = self.config.model.model_copy(update={"kmer_counts": 0})
            object.__setattr__(self, "config", self.config.model_copy(update={"model": model}))

    @property
    def name(self) -> str:
        """Its keys in one word, the name of its folder."""
        return "-".join(self.keys.values())


class Study(ABC):
    """A study; a subclass says its name, its axes and its trials."""

    name: ClassVar[str]
    """On the command line and of its ledger."""
    title: ClassVar[str]
    """In a line."""
    axes: ClassVar[tuple[str, ...]]
    """Keys of each trial: the first columns of the ledger."""
    scored_on: ClassVar[tuple[str, ...]] = ()
    """Further keys of its scores, where each trial is scored on several sets of rows."""
    replicates: ClassVar[str] = ""
    """The last of its axes where that tells replicates, such as simulations: the page shows means over them."""
    reference: ClassVar[str] = ""
    """The value of the first of two axes that the page holds all others against, paired by the second."""
    beside: ClassVar[tuple[str, ...]] = ()
    """Studies whose scores its page shows too: they stand below its own, each with its name in the column ``study``."""
    processes: ClassVar[int] = 1
    """In how many processes each of its trainings runs."""
    needs_files: ClassVar[bool] = True
    """Whether it is made of real data."""
    introduction: ClassVar[str]
    """What stands above the tables of results, in Markdown: protocols, data, what differs from what was published."""

    @abstractmethod
    def trials(self, size: Size, files: Path, work: Path) -> Sequence[Trial]:
        """Make the datasets that are not there yet, and return the trials in the order in which they shall be run.

        Parameters
        ----------
        size : {"smoke", "desk", "paper"}
            Minutes, what is committed, the published size.
        files : Path
            Folder of the real data that the study is made of; of no meaning where it `needs_files` is false.
        work : Path
            Where datasets and experiments go.

        Raises
        ------
        UserError
            Where files are absent.
        """

    def scores(self, trial: Trial, experiment: Experiment) -> pd.DataFrame:
        """Return the scores of a trial: by default on its target, the differences to its first method beside them.

        Returns
        -------
        DataFrame
            Columns of `scored_on`, method, metric, estimate, low, high, seeds_sd, n_seeds, n, n_positive, prevalence
            and, for all but the first method, difference, difference_low, difference_high.
        """
        return experiment.target_scores.drop(columns=["part", "domain", "task", "undefined", "protocol", "selection"])

    def page(self, trials: Sequence[Trial], scores: pd.DataFrame, progress: pd.DataFrame) -> list[str] | None:
        """Return the parts of its page below the introduction; None for the tables that all studies have."""
        return None

    def pictures(self, trials: Sequence[Trial], scores: pd.DataFrame) -> dict[str, str]:
        """Return SVG documents by name, which shall stand beside the page as ``STUDY-NAME.svg``.

        One that is not returned, since what it is drawn from is on another machine, stays as it stands there.
        """
        return {}


def choose_trials(trials: Sequence[Trial], settings: Sequence[str]) -> list[Trial]:
    """Return the trials that have all of the `settings`, each ``axis=value`` or ``axis=value,value``.

    ``method`` and ``seed`` are axes too: of each trial the methods or seeds named are kept.

    Raises
    ------
    UserError
        Where an axis or a value is unknown, or none has all of them.
    """
    chosen = list(trials)
    for setting in settings:
        axis, _, text = setting.partition("=")
        if axis in _WITHIN:
            chosen = _narrow(chosen, axis, text.split(","))
            continue
        if axis not in trials[0].keys:
            raise UserError(f"axis {axis!r} is not known{nearest(axis, [*trials[0].keys, *_WITHIN])}", where="--only")
        known, wanted = {trial.keys[axis] for trial in trials}, text.split(",")
        for value in wanted:
            if value not in known:
                raise UserError(f"{axis} {value!r} is not known{nearest(value, known)}", where="--only")
        chosen = [trial for trial in chosen if trial.keys[axis] in wanted]
    if not chosen:
        raise UserError(f"no trial has all of {', '.join(settings)}", where="--only")
    return chosen


def deal_trials(trials: Sequence[Trial], job: int, jobs: int) -> list[Trial]:
    """Return those that are dealt to job `job` (from 1) of `jobs`: each `jobs`-th, so that long ones are spread.

    Raises
    ------
    UserError
        Where there are fewer trials than jobs.
    """
    if jobs > len(trials):
        fix = f"Take {len(trials)} jobs at most."
        raise UserError(f"there are {jobs} jobs for {len(trials)} trials", where="--job", fix=fix)
    return list(trials[job - 1 :: jobs])


_WITHIN = ("method", "seed")
"""What is chosen within trials."""


def _narrow(trials: Sequence[Trial], axis: str, wanted: Sequence[str]) -> list[Trial]:
    """Keep of each trial the methods or seeds named; trials that have none of them go."""
    known = {value for trial in trials for value in _values(trial, axis)}
    for value in wanted:
        if value not in known:
            raise UserError(f"{axis} {value!r} is not known{nearest(value, known)}", where="--only")
    kept = []
    for trial in trials:
        config, mine = trial.config, [value for value in _values(trial, axis) if value in wanted]
        if axis == "method":
            update: dict[str, object] = {"methods": [m for m in config.methods if m.title in mine]}
        else:
            update = {"training": config.training.model_copy(update={"seeds": [int(value) for value in mine]})}
        if mine:
            kept.append(replace(trial, config=config.model_copy(update=update)))
    return kept


def _values(trial: Trial, axis: str) -> list[str]:
    config = trial.config
    return [m.title for m in config.methods] if axis == "method" else [str(seed) for seed in config.training.seeds]
