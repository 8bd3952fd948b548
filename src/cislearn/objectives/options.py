"""Options of objectives, refused in words where they cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def check_number(name: str, value: Any, low: float = 0.0, high: float | None = None) -> float:
    """Return an option that is a number from `low` to `high`.

    Raises
    ------
    ValueError
        Where it is none, or lies outside.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not value >= low or (high is not None and value > high):
        raise ValueError(f"{name} {value!r}: expected a number from {low:g}{'' if high is None else f' to {high:g}'}")
    return float(value)


def check_share(name: str, value: Any) -> float:
    """Return an option that is a share from 0 to below 1.

    Raises
    ------
    ValueError
        Where it is none.
    """
    if check_number(name, value, 0.0, 1.0) == 1.0:
        raise ValueError(f"{name} {value!r}: expected a share below 1")
    return float(value)


def check_count(name: str, value: Any, of: str) -> int:
    """Return an option that is a whole number from 1, of things that are called `of`.

    Raises
    ------
    ValueError
        Where it is none.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} {value!r}: expected a number of {of} from 1")
    return value


def check_word(name: str, value: Any, allowed: Sequence[str]) -> str:
    """Return an option that is one of a few words.

    Raises
    ------
    ValueError
        Where it is another.
    """
    if value not in allowed:
        raise ValueError(f"{name} {value!r}: expected {' or '.join(allowed)}")
    return str(value)


def check_switch(name: str, value: Any) -> bool:
    """Return an option that is true or false; a word or a number in its place is refused, not read as true.

    Raises
    ------
    ValueError
        Where it is neither.
    """
    if not isinstance(value, bool):
        raise ValueError(f"{name} {value!r}: expected true or false")
    return value


def unlabelled_draws(rows: Any) -> dict[str, float]:
    """Return the draws of a method that learns from `rows` rows without a label for each labelled one.

    Raises
    ------
    ValueError
        Where that is no number above 0.
    """
    if check_number("unlabelled", rows) == 0.0:
        raise ValueError(f"unlabelled {rows!r}: expected a number above 0")
    return {"source": 1.0, "unlabelled": float(rows)}
