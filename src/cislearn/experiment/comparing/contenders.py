"""What is compared: the runs of one method, their configuration, and what they predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from cislearn.errors import UserError
from cislearn.experiment.config import ExperimentConfig
from cislearn.experiment.reading import read_config
from cislearn.experiment.seen import Seen, read_seen, seen_together
from cislearn.models.saving import ModelCard, read_card
from cislearn.reports.label_share import label_share, other_labels
from cislearn.runs import RUN, ExperimentFolder, RunFolder, logit_names, runs_under
from cislearn.schema import TaskSpec

SIMPLE = "battery"
"""The folder of an experiment's simple models."""


@dataclass(frozen=True)
class Contender:
    """One side of a comparison.

    Parameters
    ----------
    name : str
        As the user gave it.
    runs : list of RunFolder
        Finished runs of one method, by seed; one without a seed for a simple model.
    config : ExperimentConfig
        That they were made with.
    card : ModelCard
        Of the first of them; of a simple model that of a network trained beside it.
    """

    name: str
    runs: Sequence[RunFolder]
    config: ExperimentConfig
    card: ModelCard

    @cached_property
    def info(self) -> dict[str, Any]:
        """What ``run.json`` of the first run says."""
        return self.runs[0].info

    @property
    def method(self) -> str:
        """Its method's title."""
        return str(self.info["method"])

    @property
    def is_simple(self) -> bool:
        """Whether it is a simple model: fitted in one go, without a seed."""
        return "seed" not in self.info

    @cached_property
    def by_seed(self) -> dict[int | None, RunFolder]:
        """Its runs by their seed, None for that of a simple model."""
        return {run.info.get("seed"): run for run in self.runs}

    @property
    def dataset_hash(self) -> str:
        """Hash of the dataset that it was trained on."""
        return str(self.card.extra.get("dataset"))

    @property
    def target(self) -> str | None:
        """The domain adapted to."""
        found: str | None = self.info["target"]
        return found

    @property
    def sources(self) -> tuple[str, ...]:
        """The labelled domains that it learned from, in the order of the alphabet."""
        data = self.config.data
        others = [name for name in self.card.spec.domains if name not in (self.target, *(data.unlabelled or ()))]
        return tuple(sorted(data.sources or others))

    @property
    def protocol(self) -> str:
        """What its numbers are, in a few words."""
        return str(self.info.get("protocol", "honest: no target label seen"))

    @property
    def label_share(self) -> float:
        """Per cent of the target's labels that training may see; of those of the sources where there is no target."""
        return label_share(self.protocol, has_target=self.target is not None)

    @property
    def other_labels(self) -> str:
        """Which share of the sources' labels training may see beside those of the target, where that is not all."""
        return other_labels(self.protocol, has_target=self.target is not None)

    @cached_property
    def seen(self) -> Seen:
        """What its training and validation saw, of all seeds together."""
        return seen_together([read_seen(run) for run in self.runs])


def find_contender(given: Path | str) -> Contender:
    """Return what ``FOLDER``, ``FOLDER:METHOD``, a method's folder or a run stands for.

    Raises
    ------
    UserError
        Where there is no such folder, or no finished run in it.
    """
    path, method = _folder_and_method(str(given))
    runs = _finished(path, method)
    first = runs[0].path
    if (first / "model.json").is_file():
        return Contender(str(given), runs, read_config(first / "config.yaml"), read_card(first))
    root = first.parent.parent
    if first.parent.name != SIMPLE or not ExperimentFolder(root).is_finished:
        raise UserError("holds no model", where=first, fix="Give a folder that `cislearn train` wrote and finished.")
    beside = runs_under(root)[0].path
    return Contender(str(given), runs, read_config(root / "config.yaml"), read_card(beside))


def names(contenders: Sequence[Contender]) -> str:
    """Return what contenders are called, for people."""
    return ", ".join(contender.name for contender in contenders)


def read_predictions(run: RunFolder, tasks: Sequence[TaskSpec]) -> pd.DataFrame:
    """Return the rows of ``predictions.parquet``, by row of the dataset.

    Raises
    ------
    UserError
        Where the file is absent, damaged, or lacks a column of one of the `tasks`.
    """
    path = run.path / "predictions.parquet"
    needed = ["row", "domain", "part"] + [f"label_{task.name}" for task in tasks]
    needed += [name for task in tasks for name in logit_names(task)]
    try:
        table = pd.read_parquet(path)
    except FileNotFoundError as error:
        raise UserError("is missing: the run is not whole", where=path, fix="Train it again.") from error
    except (OSError, ValueError) as error:
        raise UserError("cannot be read: it is truncated or damaged", where=path, fix="Train it again.") from error
    if absent := [name for name in needed if name not in table]:
        raise UserError(f"has no column {absent[0]!r}", where=path, fix="Train the run again.")
    return table.set_index("row")


def _folder_and_method(given: str) -> tuple[Path, str | None]:
    path = Path(given)
    if path.exists():
        return path, None
    folder, colon, method = given.rpartition(":")
    if colon and method and Path(folder).is_dir():
        return Path(folder), method
    raise UserError("there is no such folder", where=given, fix="Give FOLDER, or FOLDER:METHOD, that `train` wrote.")


def _finished(path: Path, method: str | None) -> Sequence[RunFolder]:
    if method is not None and (path / SIMPLE / method / RUN).is_file():
        return [RunFolder(path / SIMPLE / method)]
    unfinished = UserError(
        "is not finished",
        where=path,
        fix="The `cislearn train` that began it goes on where it stood; or give the folder of a method that is whole.",
    )
    if path.suffix == ".partial":
        raise unfinished
    try:
        return runs_under(path, method)
    except UserError:
        begun = any(path.glob("seed-*.partial")) or any(path.glob("*/seed-*"))
        if begun and not ExperimentFolder(path).is_finished:
            raise unfinished from None
        raise
