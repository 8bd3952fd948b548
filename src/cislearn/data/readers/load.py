"""A table from a file: separators, headers, and lines that are too short or too long."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Int64

from cislearn.errors import UserError
from cislearn.genome.stream import read_chunks, read_text

PARQUET_MAGIC = b"PAR1"
SKIPPED = ("#", "track", "browser")
"""Lines before a header or among regions that hold no data (``#chrom start end`` is a header all the same)."""


def split_line(line: str) -> list[str]:
    """Fields of a line: separated by tabs if there are any, else by commas, else by white space."""
    if "\t" in line:
        return [field.strip() for field in line.split("\t")]
    return [field.strip() for field in next(csv.reader([line]))] if "," in line else line.split()


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
    while len(lines) > 1 and _is_comment(lines[0][1], lines[1][1]):
        del lines[0]
    if not lines:
        raise UserError("holds nothing but blank lines", where=path, fix="Check how it was made.")
    (head, text), *rows = lines
    names = split_line(text.lstrip("#"))
    _check_header(path, names, len(rows), head)
    fields = _fields(path, rows, "\t" if "\t" in text else "," if "," in text else None, len(names))
    table = pd.DataFrame({name: column for name, column in zip(names, zip(*fields, strict=True), strict=True) if name})
    return table, np.array([number for number, _ in rows], dtype=np.int64)


def _is_comment(line: str, following: str) -> bool:
    """Whether a line before the rows is no header: a header with ``#`` has as many fields as the line below it."""
    return line.startswith(SKIPPED) and len(split_line(line.lstrip("#"))) != len(split_line(following))


def _check_header(path: Path, names: list[str], n_rows: int, line: int) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1 and name]
    if twice:
        raise UserError(f"the header names column {twice[0]!r} twice", where=path, line=line, fix="Rename one of them.")
    if not n_rows:
        raise UserError("has a header but no rows", where=path, fix="Check how it was made.")


def _fields(path: Path, rows: list[tuple[int, str]], separator: str | None, n_names: int) -> list[list[str]]:
    texts = [text for _, text in rows]
    fields = list(csv.reader(texts)) if separator == "," else [text.split(separator) for text in texts]
    for (line, _), found in zip(rows, fields, strict=False):
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
