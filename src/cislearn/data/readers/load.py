"""A table from a file: separators, headers, and lines that are too short or too long."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Int64

from cislearn.errors import UserError
from cislearn.genome.intervals import is_comment
from cislearn.genome.stream import read_chunks, read_text

PARQUET_MAGIC = b"PAR1"
_Line = tuple[int, str]
"""The number of a line, from 1, and its text."""


def separator_of(line: str) -> str | None:
    """Return what separates the fields of a line: tabs if there are any, else commas, else white space (None)."""
    return "\t" if "\t" in line else "," if "," in line else None


def split_line(line: str, separator: str | None) -> list[str]:
    """Fields of a line; quotes count where commas separate."""
    return next(csv.reader([line])) if separator == "," else line.split(separator)


def split_comment(comment: str, row: str) -> list[str]:
    """Names in a line above a `row` if it may be the header: it begins with ``#`` and has as many fields, else none."""
    separator = separator_of(row)
    names = split_line(comment.lstrip("#"), separator)
    return names if comment.startswith("#") and len(names) == len(split_line(row, separator)) else []


def load_table(path: Path) -> tuple[pd.DataFrame, Int64[np.ndarray, " n"]]:
    """Columns of a TSV, CSV or Parquet file by the names of its header, and the line of each row.

    Texts stay texts, empty ones included; for Parquet, which has no lines, the line is the row's number from 1.

    Raises
    ------
    UserError
        Where the file is truncated or empty, has no rows, two columns of one name or a line that does not fit its
        header.
    """
    if next(read_chunks(path)).startswith(PARQUET_MAGIC):
        return _load_parquet(path)
    lines = [(number, text) for number, text in enumerate(read_text(path).split("\n"), 1) if text.strip()]
    if not lines:
        raise UserError("holds nothing but blank lines", where=path, fix="Check how it was made.")
    (head, text), rows = _below_comments(lines)
    separator = separator_of(text)
    names = [name.strip() for name in split_line(text.lstrip("#"), separator)]
    rows = [row for row in rows if not (is_comment(row[1]) and len(split_line(row[1], separator)) != len(names))]
    _check_header(path, names, len(rows), head)
    fields = _fields(path, rows, separator, len(names))
    table = pd.DataFrame({name: column for name, column in zip(names, zip(*fields, strict=True), strict=True) if name})
    return table, np.array([number for number, _ in rows], dtype=np.int64)


def _below_comments(lines: list[_Line]) -> tuple[_Line, list[_Line]]:
    """The header, which is the first line that is no comment or one with ``#`` above that, and what follows."""
    first = next((k for k, (_, text) in enumerate(lines) if not is_comment(text)), len(lines) - 1)
    head = next((k for k in range(first) if split_comment(lines[k][1], lines[first][1])), first)
    return lines[head], lines[max(head + 1, first) :]


def _check_header(path: Path, names: list[str], n_rows: int, line: int) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1 and name]
    if twice:
        raise UserError(f"the header names column {twice[0]!r} twice", where=path, line=line, fix="Rename one of them.")
    if not n_rows:
        raise UserError("has a header but no rows", where=path, fix="Check how it was made.")


def _fields(path: Path, rows: list[_Line], separator: str | None, n_names: int) -> list[list[str]]:
    fields = [split_line(text, separator) for _, text in rows]
    for (line, _), found in zip(rows, fields, strict=True):
        if len(found) != n_names:
            raise UserError(
                f"has {len(found)} fields; the header names {n_names}",
                where=path,
                line=line,
                fix="Is the file truncated? Name every column in the first line, row names included.",
            )
    return fields


def _load_parquet(path: Path) -> tuple[pd.DataFrame, Int64[np.ndarray, " n"]]:
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise UserError("cannot be read as Parquet: it is truncated or damaged", where=path) from error
    _check_header(path, [str(name) for name in table.columns], len(table), 1)
    return table.reset_index(drop=True), np.arange(1, len(table) + 1, dtype=np.int64)
