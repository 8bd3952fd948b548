"""What a simple model is: fitted in one go, no seed, a logit for each window."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, Shaped, UInt8

from cislearn.errors import UserError, nearest


class Baseline(ABC):
    """A model of one binary task that reads little of a window.

    A subclass sets `name` and writes `fit`, `predict`, `parameters` and `restore`. It answers to the protocol of every
    predictor, so that it is scored and reported as networks are.
    """

    name: ClassVar[str]
    """Its name in tables and files."""

    @abstractmethod
    def fit(self, tokens: UInt8[np.ndarray, "n length"], labels: Shaped[np.ndarray, " n"]) -> None:
        """Learn from windows and their 0/1 labels, none absent."""

    @abstractmethod
    def predict(self, tokens: UInt8[np.ndarray, "n length"]) -> Float[np.ndarray, "n 1"]:
        """Return the logit of each window, as float32."""

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


BASELINES: dict[str, type[Baseline]] = {}


def register(kind: type[Baseline]) -> type[Baseline]:
    """Class decorator that makes a baseline known by its name."""
    BASELINES[kind.name] = kind
    return kind


def baseline(name: str, parameters: Mapping[str, Any] | None = None) -> Baseline:
    """Return a new baseline, or with `parameters` a fitted one.

    Raises
    ------
    UserError
        Where the name is unknown.
    """
    if name not in BASELINES:
        raise UserError(f"baseline {name!r} is not known{nearest(name, BASELINES)}")
    made = BASELINES[name]()
    if parameters is not None:
        made.restore(parameters)
    return made
