"""How long work tells how far it is."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Progress(Protocol):
    """Hears what is done next and, where that is known, how much of it is done."""

    def __call__(self, text: str, done: int = 0, total: int = 0) -> None:
        """Hear that `text` goes on; `total` is 0 where nobody knows how much there is."""


def silent(text: str, done: int = 0, total: int = 0) -> None:
    """Hear and say nothing."""
