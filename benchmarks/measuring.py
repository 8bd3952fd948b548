"""Contenders measured in turn, round after round, so that what else the machine does hits all of them alike."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np

Measure = Callable[[], float]
"""Does its work once and returns a rate: windows a second, higher is better."""


def interleave(contenders: Mapping[str, Measure], rounds: int = 7) -> dict[str, list[float]]:
    """Return the rates of each contender, one a round, after a round that does not count.

    The order turns from round to round, so that none always follows the same other one.
    """
    names = list(contenders)
    rates: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds + 1):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            rate = contenders[name]()
            if number:
                rates[name].append(rate)
    return rates


def median_interval(values: Sequence[float], *, level: float = 0.95, resamples: int = 10_000) -> tuple[float, float]:
    """Return the bootstrap interval of the median of `values`."""
    drawn = np.random.default_rng(0).choice(np.asarray(values, float), (resamples, len(values)))
    tail = (1 - level) / 2
    low, high = np.quantile(np.median(drawn, axis=1), [tail, 1 - tail])
    return float(low), float(high)


def compare(rates: Mapping[str, Sequence[float]], baseline: str, *, unit: str) -> list[dict[str, object]]:
    """Return a row a contender: its median rate and, paired by round, its ratio to `baseline` with an interval."""
    rows: list[dict[str, object]] = []
    for name, values in rates.items():
        ratios = np.asarray(values, float) / np.asarray(rates[baseline], float)
        low, high = median_interval(ratios)
        rows.append(
            {
                "what": name,
                unit: float(np.median(values)),
                "ratio": float(np.median(ratios)),
                "low": low,
                "high": high,
                "rounds": len(values),
            }
        )
    return rows


class Worker:
    """A contender in a process of its own, and so in an environment of its own: a peer, or other settings.

    The program prints ``ready`` once it is set up; for each line that it then reads it does its work once and prints
    the rate.

    Parameters
    ----------
    command : list of str
        Interpreter, script and arguments.
    environment : mapping of str to str, optional
        Variables beside those of this process.
    """

    def __init__(self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        self._answer("ready")

    def __call__(self) -> float:
        """Have the work done once and return its rate."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return float(self._answer("rate"))

    def _answer(self, word: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:  # a peer may print what it likes between
            if line.split()[:1] == [word]:
                return line.removeprefix(word).strip()
        raise RuntimeError(f"{self.process.args} ended with status {self.process.wait()} and no {word!r}")

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()


def serve(measure: Measure) -> None:
    """Be the other side of a `Worker`: answer each line read with the rate of one more measurement."""
    import sys

    print("ready", flush=True)
    for _ in sys.stdin:
        print("rate", measure(), flush=True)
