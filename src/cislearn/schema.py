"""What an example is: its tasks, further inputs, domains and lengths. Knows nothing of arrays or models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from cislearn.errors import UserError, nearest

TaskKind = Literal["binary", "multiclass", "regression", "profile"]
InputKind = Literal["track", "covariate"]
ReverseRule = Literal["none", "flip", "flip_and_permute", "flip_and_shift"]
"""What a reverse complement does to values along a window.

``none``: nothing (a class, a vector). ``flip``: reverse the positions. ``flip_and_permute``: also reverse the order of
the channels (two strands swap). ``flip_and_shift``: reverse, then move by one position, for signals whose value at base
i sits between bases i - 1 and i (DNase cuts).
"""
StrandReading = Literal["forward", "average", "average_probabilities", "maximum"]
"""What a prediction makes of the two strands of a window.

``forward``: it reads the strand given alone. ``average``: the mean of the logits of both. ``average_probabilities``:
the mean of their probabilities, told as its logit. ``maximum``: the greater logit.
"""

CALLED = 0.5
"""A log2 ratio of expression of this or more is up, of minus this or less is down (DeepREG)."""
CALLS = ("down", "base", "up")


@dataclass(frozen=True)
class TaskSpec:
    """One output of a model.

    Parameters
    ----------
    name : str
        Unique among the tasks of a dataset.
    kind : {"binary", "multiclass", "regression", "profile"}
        What its label is.
    channels : int
        Number of classes (multiclass) or of strands (profile), else 1.
    out_length : int, optional
        Positions of a profile; None for every other kind.
    rc : ReverseRule
        What a reverse complement of the window does to the label.
    """

    name: str
    kind: TaskKind = "binary"
    channels: int = 1
    out_length: int | None = None
    rc: ReverseRule = "none"

    @property
    def n_logits(self) -> int:
        """Columns of the logits that belong to this task.

        Of a profile they are the logits of its shape, channel by channel, and then the log counts of each channel.
        """
        if self.kind == "profile":
            return self.channels * (self.profile_length + 1)
        return self.channels if self.kind == "multiclass" else 1

    @property
    def n_shape(self) -> int:
        """Of these columns the first ones, logits of positions: 0 for every kind but a profile."""
        return self.channels * self.profile_length if self.kind == "profile" else 0

    @property
    def profile_length(self) -> int:
        """Positions of a profile.

        Raises
        ------
        ValueError
            Where the task is none.
        """
        if self.out_length is None:
            raise ValueError(f"task {self.name} ({self.kind}) has no positions")
        return self.out_length


@dataclass(frozen=True)
class InputSpec:
    """A further input: a per-base track along the window, or a covariate vector beside it."""

    name: str
    kind: InputKind
    channels: int = 1
    rc: ReverseRule = "none"


@dataclass(frozen=True)
class DataSpec:
    """The shape of a dataset, which is all that a model needs to know of it.

    Parameters
    ----------
    tasks : tuple of TaskSpec
        In the order of the label columns.
    domains : tuple of str
        Cell types, species or conditions, in the order of their codes.
    length : int
        Window length in bp that a model reads.
    margin : int
        Bases stored on either side of the window, for shifts.
    inputs : tuple of InputSpec
        Tracks and covariates; empty for sequence alone.
    single_stranded : bool
        Whether windows are RNA, whose reverse complement is not the same molecule: they are read as they stand.
    """

    tasks: tuple[TaskSpec, ...]
    domains: tuple[str, ...]
    length: int
    margin: int = 0
    inputs: tuple[InputSpec, ...] = ()
    single_stranded: bool = False

    @property
    def tracks(self) -> tuple[InputSpec, ...]:
        """The per-base tracks, in the order of their channels."""
        return tuple(item for item in self.inputs if item.kind == "track")

    @property
    def profiles(self) -> tuple[TaskSpec, ...]:
        """The tasks that are profiles, in the order of their channels; all have one length."""
        return tuple(task for task in self.tasks if task.kind == "profile")

    @property
    def profile_columns(self) -> tuple[int, ...]:
        """Of each channel of the profiles the column of the labels that says whether it is there."""
        return tuple(t for t, task in enumerate(self.tasks) if task.kind == "profile" for _ in range(task.channels))

    def profile_channels(self, task: str) -> slice:
        """Channels of the profiles that belong to `task`."""
        first = 0
        for spec in self.profiles:
            if spec.name == task:
                return slice(first, first + spec.channels)
            first += spec.channels
        raise KeyError(f"no profile {task!r}; profiles: {', '.join(spec.name for spec in self.profiles)}")

    @property
    def channels(self) -> int:
        """Channels of a model's input: four bases, and those of the tracks."""
        return 4 + sum(track.channels for track in self.tracks)

    @property
    def n_logits(self) -> int:
        """Number of logits over all tasks."""
        return sum(task.n_logits for task in self.tasks)

    def named(self, task: str) -> TaskSpec:
        """Return the task of this name, as a user gave it.

        Raises
        ------
        UserError
            Where there is none; says which there are.
        """
        names = [spec.name for spec in self.tasks]
        if task not in names:
            known = ", ".join(names)
            raise UserError(f"the model has no task {task!r}{nearest(task, names)}", fix=f"Its tasks: {known}.")
        return self.tasks[names.index(task)]

    def columns(self, task: str) -> slice:
        """Columns of the logits that belong to `task`."""
        first = 0
        for spec in self.tasks:
            if spec.name == task:
                return slice(first, first + spec.n_logits)
            first += spec.n_logits
        raise KeyError(f"no task {task!r}; tasks: {', '.join(spec.name for spec in self.tasks)}")

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        values = asdict(self)
        if not self.single_stranded:
            del values["single_stranded"]  # as before there was RNA: the hash of a dataset lasts
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DataSpec:
        """Inverse of `to_dict`."""
        return cls(
            tasks=tuple(TaskSpec(**task) for task in values["tasks"]),
            domains=tuple(values["domains"]),
            length=values["length"],
            margin=values["margin"],
            inputs=tuple(InputSpec(**item) for item in values["inputs"]),
            single_stranded=values.get("single_stranded", False),
        )
