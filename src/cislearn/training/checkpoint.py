"""Checkpoints that cannot be read are told as what they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cislearn.errors import UserError


@contextmanager
def refusing_damaged(checkpoint: Path) -> Iterator[None]:
    """Raise UserError that names the checkpoint, whatever goes wrong within while it is read."""
    try:
        yield
    except Exception as error:  # a damaged archive raises any of half a dozen classes
        raise UserError(
            f"cannot be read: {error}", where=checkpoint, fix="Remove it to train this run from its beginning."
        ) from error
