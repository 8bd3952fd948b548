"""What a simple model is: fitted in one go, no seed, a logit for each window."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float32, Shaped

from cislearn.baselines.windows import Windows
from cislearn.errors import UserError, nearest


class Baseline(ABC):
    """A model of one binary task that reads little of a window.

    A subclass sets `name` and writes `fit`, `predict`, `parameters` and `restore`. What it counts it asks the windows
    for (`Windows.once`), so that all models and tasks that read the same windows share the work.
    """

    name: ClassVar[str]
    """Its name in tables and files."""

    reads_locus: ClassVar[bool] = False
    """Whether it reads where a window lies, so that it has no place where coordinates are not known."""

    @abstractmethod
    def fit(self, windows: Windows, labels: Shaped[np.ndarray, " n"]) -> None:
        """Learn from windows in random order and their 0/1 labels, none absent, both classes there."""

    @abstractmethod
    def predict(self, windows: Windows) -> Float32[np.ndarray, " n"]:
        """Return the logit of each window."""

    @abstractmethod
    def parameters(self) -> dict[str, Any]:
        """Return what was learned, for JSON."""

    @abstractmethod
    def restore(self, parameters: Mapping[str, Any]) -> None:
        """Take what `parameters` gave."""

    @property
    def detail(self) -> str:
        """What it chose, for people; empty where there is nothing to tell."""
        return ""

    @property
    def motifs(self) -> tuple[str, ...]:
        """JASPAR motifs whose matches it reads: to scan those of all models together is much faster."""
        return ()

    @property
    def shortest(self) -> int:
        """Bases that a window needs for it."""
        return 0

    def expected_cost(self, windows: Windows) -> tuple[float, int] | None:
        """Return about how many seconds and bytes `fit` takes, the same for all models that share the work.

        None where that is little.
        """
        return None


BASELINES: dict[str, type[Baseline]] = {}


def register(kind: type[Baseline]) -> type[Baseline]:
    """Class decorator that makes a baseline known by its name."""
    BASELINES[kind.name] = kind
    return kind


def baseline(name: str, parameters: Mapping[str, Any] | None = None, **options: Any) -> Baseline:
    """Return a new baseline with its options, or with `parameters` a fitted one.

    Raises
    ------
    UserError
        Where the name is unknown.
    """
    if name not in BASELINES:
        raise UserError(f"baseline {name!r} is not known{nearest(name, BASELINES)}")
    made = BASELINES[name](**options)
    if parameters is not None:
        made.restore(parameters)
    return made
