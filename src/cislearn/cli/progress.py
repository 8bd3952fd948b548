"""Progress on the terminal: a bar a run, and lines where there is no terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cislearn.cli.show import console
from cislearn.experiment.reporter import Reporter

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

SHOWN = {"valid_score": "valid {:.2f}", "domain_accuracy": "domain {:.2f}", "lambda": "lambda {:.1f}"}
"""Columns of the history that a bar shows: score, accuracy of the discriminator, strength of the adversary."""


@contextmanager
def resumable() -> Iterator[None]:
    """Tell, where the user breaks off, that nothing is lost."""
    try:
        yield
    except KeyboardInterrupt:
        console().print("\nstopped; the same command goes on where it stood")
        raise SystemExit(130) from None


class TerminalReporter(Reporter):
    """Shows notes as lines and each run as a bar with its latest validation.

    Parameters
    ----------
    asks_for_costs : bool
        See `Reporter`.
    """

    def __init__(self, *, asks_for_costs: bool = False) -> None:
        self.asks_for_costs = asks_for_costs
        self.console = console()
        self.bar: Progress | None = None
        self.task: TaskID | None = None
        self.title, self.latest, self.last_shown = "", "", 0.0

    def note(self, text: str) -> None:
        """Print a line."""
        self.console.print(f"  {text}")

    def begin(self, title: str, steps: int, done: int) -> None:
        """Open a bar."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self.title, self.latest = title, ""
        if self.console.is_terminal:
            columns = (TextColumn("  {task.description:<21}"), BarColumn(8), MofNCompleteColumn())
            latest = TextColumn("{task.elapsed:.0f} s  {task.fields[latest]}")
            self.bar = Progress(*columns, latest, console=self.console)
            self.task = self.bar.add_task(title, total=steps, completed=done, latest="")
            self.bar.start()

    def step(self, done: int, shown: dict[str, float]) -> None:
        """Move the bar on, a few times a second at most."""
        if shown:
            self.latest = "  ".join(text.format(shown[key]) for key, text in SHOWN.items() if key in shown)
        if self.bar is not None and self.task is not None and (shown or time.monotonic() - self.last_shown > 0.2):
            self.bar.update(self.task, completed=done, latest=self.latest)
            self.last_shown = time.monotonic()

    def end(self, text: str) -> None:
        """Close the bar, or print the line that stands for it."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None
        else:
            self.console.print(f"  {self.title:<22} {text:>6}  {self.latest}")


class Steps:
    """A line for each thing that is done, and a bar where it is known how much there is (a `Progress`)."""

    def __init__(self) -> None:
        self.console = console()
        self.bar: Progress | None = None
        self.text = ""

    def __call__(self, text: str, done: int = 0, total: int = 0) -> None:
        """Show what is done next, or how far it is."""
        if not total:
            self.console.print(f"  {text} ...")
        elif self.console.is_terminal:
            self._show(text, done, total)

    def _show(self, text: str, done: int, total: int) -> None:
        from rich.progress import Progress as Bar

        if self.bar is None or text != self.text:
            self.bar, self.text = Bar(console=self.console), text
            self.bar.add_task(f"  {text}", total=total)
            self.bar.start()
        self.bar.update(self.bar.task_ids[0], completed=done)
        if done >= total:
            self.bar.stop()
            self.bar = None
