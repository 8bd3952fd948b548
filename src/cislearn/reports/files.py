"""Reading the files of a finished run: whole, or a message that names the one that is broken."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cislearn.errors import UserError
from cislearn.evaluation.profiles.examples import PROFILES

if TYPE_CHECKING:
    from collections.abc import Sequence

UNFINISHED = "Finish the run by giving the same `cislearn train` command again."

PICTURE = ("method", "seed", "is_target", "x", "y", "label", "call")
"""Columns of ``features.parquet``."""


def require(path: Path, fix: str = UNFINISHED) -> Path:
    """Give back `path`, which has to be a file; `fix` says what to do where it is none.

    Raises
    ------
    UserError
        If it is absent: a run that was stopped before its end lacks some of its files.
    """
    if not path.is_file():
        raise UserError("is missing, so this run is not complete", where=path, fix=fix)
    return path


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    UserError
        If the file is absent, cut short or not an object.
    """
    try:
        values = json.loads(require(path).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        line = getattr(error, "lineno", None)
        raise UserError("is not whole JSON", where=path, line=line, fix=UNFINISHED) from error
    if not isinstance(values, dict):
        raise UserError(f"holds a {type(values).__name__} where an object was expected", where=path, fix=UNFINISHED)
    return values


def read_tsv(
    path: Path, *, text: Sequence[str], numbers: Sequence[str] = (), also_text: Sequence[str] = ()
) -> pd.DataFrame:
    """Read a table with a header; columns of text stay text, every other one is read as float64 (empty: NaN).

    Parameters
    ----------
    path : Path
        Tab-separated, UTF-8.
    text, numbers : sequence of str
        Columns that have to be there. A cell of `text` that reads ``NA`` is a name, not an absent value.
    also_text : sequence of str
        Columns of text that may be there.

    Raises
    ------
    UserError
        If the file or a column is absent, a row is cut short, or a number is none.
    """
    try:
        with require(path).open(encoding="utf-8", newline="") as stream:
            header, *rows = csv.reader(stream, delimiter="\t")
    except ValueError as error:  # nothing in it, or not text
        raise UserError("is not a whole table", where=path, fix=UNFINISHED) from error
    for column in (*text, *numbers):
        if column not in header:
            raise UserError(f"has no column {column!r}", where=path, line=1, fix=UNFINISHED)
    for index, row in enumerate(rows):
        if len(row) != len(header):
            problem = f"the row has {len(row)} cells where the header has {len(header)}"
            raise UserError(problem, where=path, line=index + 2, fix=UNFINISHED)
    cells = {name: [row[place] for row in rows] for place, name in enumerate(header)}
    kept_as_text = {*text, *also_text}
    return pd.DataFrame({n: c if n in kept_as_text else _floats(n, c, path) for n, c in cells.items()})


def _floats(name: str, column: list[str], path: Path) -> np.ndarray:
    """Read text as float64, the empty cell as NaN; name the line of what is neither."""
    values = np.full(len(column), np.nan)
    for index, cell in enumerate(column):
        try:
            values[index] = float(cell) if cell.strip() else np.nan
        except ValueError:
            problem = f"{name}: {cell!r} is not a number"
            raise UserError(problem, where=path, line=index + 2, fix=UNFINISHED) from None
    return values


def read_picture(path: Path) -> pd.DataFrame:
    """Read ``features.parquet``: the columns of `PICTURE`.

    Raises
    ------
    UserError
        If the file is cut short or lacks a column.
    """
    return _read_parquet(path, PICTURE)


def read_profiles(path: Path) -> pd.DataFrame:
    """Read ``profiles.parquet``: the columns of `PROFILES`.

    Raises
    ------
    UserError
        If the file is cut short or lacks a column.
    """
    return _read_parquet(path, PROFILES)


def read_predictions(path: Path) -> pd.DataFrame:
    """Read the test rows of ``predictions.parquet``: domain, and label and logits of each task.

    Raises
    ------
    UserError
        If the file is absent, cut short or lacks a column that every such file has.
    """
    table = _read_parquet(path, ("domain", "part"))
    return table[table["part"].astype(str) == "test"].reset_index(drop=True)


def _read_parquet(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a table that has to have these columns."""
    try:
        table = pd.read_parquet(require(path))
    except (OSError, ValueError) as error:
        raise UserError("is not a whole Parquet file", where=path, fix=UNFINISHED) from error
    for column in columns:
        if column not in table.columns:
            raise UserError(f"has no column {column!r}", where=path, fix=UNFINISHED)
    return table
