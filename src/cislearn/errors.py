"""The one kind of error that is meant for the user: it says where, what was seen and how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class UserError(Exception):
    """Something that the user can put right. The command line prints it without a traceback.

    Parameters
    ----------
    problem : str
        What was seen and what was expected, in one sentence.
    where : str or Path, optional
        The file (or configuration field) that it stands in.
    line : int, optional
        The 1-based line of that file.
    fix : str, optional
        What to do about it.
    """

    def __init__(
        self, problem: str, *, where: str | Path | None = None, line: int | None = None, fix: str | None = None
    ) -> None:
        self.problem, self.where, self.line, self.fix = problem, where, line, fix
        place = "" if where is None else f"{where}{'' if line is None else f' line {line:,}'}: "
        super().__init__(f"{place}{problem}{'' if fix is None else f'{chr(10)}       {fix}'}")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean X?"`` for the known name closest to `name`, else ``"; known: a, b"``, or nothing."""
    names = sorted(known)
    if not names:
        return ""
    last = name.rpartition(".")[2]
    alike = [each for each in names if "." in name and each.rpartition(".")[2] == last]  # training.learning_rate
    close = alike or difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else f"; known: {', '.join(names)}"
