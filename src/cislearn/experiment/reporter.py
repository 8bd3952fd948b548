"""What an experiment tells while it goes on; the command line shows it, Python callers may listen or not."""

from __future__ import annotations


class Reporter:
    """Hears of everything and does nothing: the base of those that show something."""

    asks_for_costs = False
    """Whether it is worth some seconds to tell how long a run takes, and what another encoder would take."""

    def note(self, text: str) -> None:
        """Hear one line worth telling: the device, the split, the leak check."""

    def begin(self, title: str, steps: int, done: int) -> None:
        """Hear that a run begins, or goes on after `done` steps."""

    def step(self, done: int, shown: dict[str, float]) -> None:
        """Hear that a step is done; `shown` holds something after a validation."""

    def end(self, text: str) -> None:
        """Hear that the run has ended."""
