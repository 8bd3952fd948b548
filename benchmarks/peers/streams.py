"""How fast a peer's loader yields windows, pass after pass."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

from benchmarks.measuring import Measure

LENGTH = 600
"""bp of each window."""

WINDOWS = 16_384
"""Windows of one measurement."""


def rate_of(loader: Any) -> Measure:
    """Return the measurement of a `DataLoader` of pairs of windows and labels."""
    batches = _endless(loader)
    next(batches)  # workers have started

    def measure() -> float:
        windows, begin = 0, time.perf_counter()
        while windows < WINDOWS:
            windows += len(next(batches)[0])
        return windows / (time.perf_counter() - begin)

    return measure


def _endless(loader: Iterable[Any]) -> Iterator[Any]:
    while True:
        yield from loader
