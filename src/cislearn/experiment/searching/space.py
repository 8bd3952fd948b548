"""The values that a search may try: a YAML file of keys of the configuration, as ``--set`` takes them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from cislearn.errors import UserError
from cislearn.experiment.reading import check_key, key_lines

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

EXAMPLE = "For example training.optimiser.learning_rate: {low: 0.0001, high: 0.01, log: true}"


@dataclass(frozen=True)
class Range:
    """Numbers between two ends, both included.

    Parameters
    ----------
    low, high : int or float
        Whole numbers are drawn where both are whole.
    log : bool
        Draw their logarithms evenly.
    step : int or float, optional
        Draw only ``low``, ``low + step`` ...
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None


Space = Mapping[str, Range | Sequence[Any]]
"""Of each key, the numbers between two ends, or a list of values."""


def read_space(path: Path) -> dict[str, Range | list[Any]]:
    """Read a space from YAML.

    Raises
    ------
    UserError
        Where it is not YAML, a key is unknown or has neither values nor ends, or the ends are no range.
    """
    try:
        text = path.read_text(encoding="utf-8")
        given, lines = yaml.safe_load(text), key_lines(yaml.compose(text), where=path)
    except FileNotFoundError as error:
        raise UserError("no such file", where=path, fix=EXAMPLE) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"is not YAML: {error}", where=path) from error
    if not isinstance(given, dict) or not given:
        raise UserError("names no key of the configuration", where=path, fix=EXAMPLE)
    space = {str(key): _values(str(key), values, path) for key, values in given.items()}
    for key in space:
        check_key(key, path, lines.get((key,)))
    return space


def settings_of(values: Mapping[str, Any]) -> list[str]:
    """Return values by key as ``--set`` takes them."""
    return [f"{key}={json.dumps(value)}" for key, value in values.items()]


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """Return the space as optuna takes it; of a list it draws the place."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    made: dict[str, BaseDistribution] = {}
    for key, values in space.items():
        if not isinstance(values, Range):
            made[key] = CategoricalDistribution(range(len(values)))
        elif isinstance(values.low, int) and isinstance(values.high, int):
            made[key] = IntDistribution(values.low, values.high, log=values.log, step=int(values.step or 1))
        else:
            made[key] = FloatDistribution(values.low, values.high, log=values.log, step=values.step)
    return made


def _values(key: str, given: Any, path: Path) -> Range | list[Any]:
    if isinstance(given, list) and given:
        return given
    if not isinstance(given, dict) or not {"low", "high"} <= set(given) <= {"low", "high", "log", "step"}:
        raise UserError(f"{key} is no list of values and has no low and high", where=path, fix=EXAMPLE)
    for name in ("low", "high", "step"):
        if name in given and (isinstance(given[name], bool) or not isinstance(given[name], int | float)):
            fix = "YAML takes 1e-3 for a word; write 0.001 or 1.0e-3."
            raise UserError(f"{name} of {key} is no number: {given[name]!r}", where=path, fix=fix)
    found = Range(**given)
    is_whole = isinstance(found.low, int) and isinstance(found.high, int)
    problem = (
        "is no range: low is above high"
        if found.low > found.high
        else "has a logarithm of 0 or less"
        if found.log and found.low <= 0
        else "has both log and step"
        if found.log and found.step is not None
        else "has a step of 0 or less"
        if found.step is not None and found.step <= 0
        else "has whole ends and a step that is not whole"
        if is_whole and found.step is not None and found.step != int(found.step)
        else None
    )
    if problem is not None:
        raise UserError(f"{key} {problem}", where=path, fix=EXAMPLE)
    return found
