"""Lists of which gene a regulator targets, as YEASTRACT gives them."""

from __future__ import annotations

from pathlib import Path

from cislearn.errors import UserError
from cislearn.genome.stream import read_text


def read_edges(path: Path | str) -> dict[str, set[str]]:
    """Read a header, then a regulator and a target a line with a tab between; return the targets of each regulator.

    Raises
    ------
    UserError
        With file and line: a line that is not two names, a pair in the place of the header; where there is none at all.
    """
    path, targets = Path(path), dict[str, set[str]]()
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        names = line.strip().split("\t")
        if number == 1:
            first = names[0]
            continue
        if not line.strip():
            continue
        if len(names) != 2 or not all(names):
            raise UserError(
                f"{line[:40]!r} is not a regulator and a target",
                where=path,
                line=number,
                fix="Write the two names with a tab between.",
            )
        targets.setdefault(names[0], set()).add(names[1])
    if not targets:
        raise UserError("names no target", where=path, fix="Write a header, then a regulator and a target a line.")
    if first in targets:
        raise UserError(
            f"the first line names {first!r}, a regulator of further lines, where a header stands",
            where=path,
            line=1,
            fix="Write a header, as Regulator and Target with a tab between; the first line is not read as a pair.",
        )
    return targets
