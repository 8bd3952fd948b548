"""Names that may be there once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cislearn.errors import UserError


class Names:
    """Names of one kind in the order in which a file gives them.

    Parameters
    ----------
    kind : str
        What they name: gene, condition, promoter, regulator.
    path : Path
        The file.
    """

    def __init__(self, kind: str, path: Path) -> None:
        self.kind, self.path = kind, path
        self.line: dict[str, int] = {}

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self.line)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.line)

    def add(self, name: str, line: int) -> None:
        """Add a name that stands in a line.

        Raises
        ------
        UserError
            Where it is empty, or there already.
        """
        if not name:
            raise UserError(f"a {self.kind} has no name", where=self.path, line=line)
        if name in self.line:
            raise UserError(
                f"{self.kind} {name!r} is there twice, first in line {self.line[name]:,}",
                where=self.path,
                line=line,
                fix="Keep one of the two, or give each a name of its own.",
            )
        self.line[name] = line
