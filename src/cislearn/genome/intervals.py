"""Regions from BED, narrowPeak and broadPeak files: 0-based, half-open."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import pandas as pd

from cislearn.errors import UserError
from cislearn.genome.interval_columns import ABSENT, LONGEST_NUMBER, STRANDS, is_name, read_columns
from cislearn.genome.stream import read_text

T = TypeVar("T")

NARROW_PEAK_COLUMNS = 10

_NOT_DATA = ("#", "track", "browser")
_HEADER_START = {"start", "chromstart", "chrom_start", "begin", "txstart", "peak_start"}
_HEADER_END = {"end", "chromend", "chrom_end", "stop", "txend", "peak_end"}
_ZERO_BASED = "BED is 0-based and half-open: the one base at position 500 of a browser is 499 500."


class _Row(NamedTuple):
    line: int
    fields: list[str]


def read_intervals(path: str | Path) -> pd.DataFrame:
    """Read regions from a BED3 to BED6+, narrowPeak or broadPeak file, plain or gzip.

    Columns are split at tabs or, in a line without tabs, at white space. Blank lines, comments, ``track`` and
    ``browser`` lines are skipped, and so is a header row, which is known by its words (``start``, ``end``): a file
    without one never loses its first region. The tenth column is the offset of the summit in files of ten columns
    whose columns 7 to 10 are numbers, and in any that are called narrowPeak.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    DataFrame
        One row a region, in order: chrom (str), start, end (int64; 0-based, half-open), name (str, ``""`` where
        absent), score (float64, NaN where absent), strand (``+``, ``-`` or ``.``), summit (int64 position on the
        chromosome, -1 where absent), line (int64; 1-based line of the file).

    Raises
    ------
    UserError
        With file and line: no region at all, a truncated or binary file, a FASTA file, fewer than three columns, rows
        of different widths, start or end that is no whole number or negative, start >= end, a summit outside of its
        peak, a strand or score that is none.
    """
    text = read_text(path)
    table = _plain(text, path)
    return _row_by_row(text, path) if table is None else table


def _plain(text: str, path: str | Path) -> pd.DataFrame | None:
    """Read a file whose rows are all plain, many times faster than `_row_by_row`; None for any other."""
    for line, found in enumerate(re.finditer("^.*$", text, re.MULTILINE), start=1):
        first = found.group()
        if first.strip() and not is_comment(first) and not _is_header(_fields(first)):
            summit = NARROW_PEAK_COLUMNS - 1 if _has_summits(_fields(first), path) else None
            table = read_columns(text[found.start() :].rstrip("\n"), summit=summit)
            return None if table is None else table.assign(line=np.arange(line, line + len(table)))
    return None


def _row_by_row(text: str, path: str | Path) -> pd.DataFrame:
    """Read any file, and tell the row and column of what is wrong."""
    rows = _rows(text, path)
    start = _column(rows, 1, _position, path)
    end = _column(rows, 2, _position, path)
    _refuse_reversed(rows, start, end, path)
    columns = {
        "chrom": pd.Series(_optional(rows, 0, _chrom, "", path), dtype=str),
        "start": start,
        "end": end,
        "name": pd.Series(_optional(rows, 3, _name, "", path), dtype=str),
        "score": np.array(_optional(rows, 4, _score, np.nan, path), dtype=np.float64),
        "strand": pd.Series(_optional(rows, 5, _strand, ".", path), dtype=str),
        "summit": _summit(rows, start, end, path),
        "line": np.array([row.line for row in rows], dtype=np.int64),
    }
    return pd.DataFrame(columns)


def _fields(line: str) -> list[str]:
    return line.split("\t") if "\t" in line else line.split()


def _rows(content: str, path: str | Path) -> list[_Row]:
    """Return the data rows, all of one width."""
    rows: list[_Row] = []
    for line, text in enumerate(content.split("\n"), start=1):
        if not text.strip() or is_comment(text):
            continue
        fields = _fields(text)
        if not rows and _is_header(fields):
            continue
        if not rows and text.startswith(">"):
            raise UserError(
                "is a FASTA file, where regions are expected",
                where=path,
                line=line,
                fix="Give it as sequences, or give BED, narrowPeak or broadPeak here.",
            )
        rows.append(_Row(line, fields))
        _check_width(rows, path)
    if not rows:
        raise UserError("holds no region", where=path, fix="Each line gives chromosome, start and end.")
    return rows


def is_comment(text: str) -> bool:
    """Whether a line holds no data: a comment (``#``), or a ``track`` or ``browser`` line of a genome browser."""
    # A chromosome may be called "track1": the word must stand alone.
    return text.startswith(_NOT_DATA) and (text[0] == "#" or re.split(r"\s", text, maxsplit=1)[0] in _NOT_DATA)


def _is_header(fields: Sequence[str]) -> bool:
    return len(fields) >= 3 and fields[1].lower() in _HEADER_START and fields[2].lower() in _HEADER_END


def _check_width(rows: list[_Row], path: str | Path) -> None:
    (line, fields), first = rows[-1], rows[0]
    if len(fields) < 3:
        raise UserError(
            f"has {len(fields)} column{'s' if len(fields) > 1 else ''}; a region has three or more",
            where=path,
            line=line,
            fix="Each line gives chromosome, start and end, with tabs between them.",
        )
    if len(fields) != len(first.fields):
        raise UserError(
            f"has {len(fields)} columns, while line {first.line:,} has {len(first.fields)}",
            where=path,
            line=line,
            fix="All rows have the same columns; check whether the file is truncated.",
        )


def _column(rows: list[_Row], column: int, read: Callable[[str], int], path: str | Path) -> np.ndarray:
    return np.array(_optional(rows, column, read, 0, path), dtype=np.int64)


def _optional(rows: list[_Row], column: int, read: Callable[[str], T], absent: T, path: str | Path) -> list[T]:
    """Values of a column, or `absent` for each row where the file has not so many columns."""
    if len(rows[0].fields) <= column:
        return [absent] * len(rows)
    values: list[T] = []
    try:
        for row in rows:
            values.append(read(row.fields[column]))
    except _Unreadable as error:
        raise UserError(
            f"column {column + 1}: {error}", where=path, line=rows[len(values)].line, fix=error.fix
        ) from None
    return values


class _Unreadable(ValueError):
    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.fix = fix


def _chrom(text: str) -> str:
    if not is_name(text):
        raise _Unreadable(f"the chromosome is {text!r}", "Column 1 names it, without white space.")
    return text


def _position(text: str) -> int:
    if _is_whole(text):
        if len(text) > LONGEST_NUMBER:
            raise _Unreadable(f"{text[:40]} is longer than any chromosome", "Columns 2 and 3 are start and end, in bp.")
        return int(text)
    if text[:1] == "-" and _is_whole(text[1:]):
        raise _Unreadable(f"{text} is negative", _ZERO_BASED)
    raise _Unreadable(f"{text!r} is not a whole number", "Columns 2 and 3 are start and end, in base pairs.")


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _name(text: str) -> str:
    return "" if text == "." else text


def _score(text: str) -> float:
    if text in ABSENT:
        return np.nan
    if _is_number(text) and np.isfinite(float(text)):
        return float(text)
    raise _Unreadable(f"score {text!r} is not a number", "Keep the first four columns where the fifth is no score.")


def _strand(text: str) -> str:
    if text not in STRANDS:
        raise _Unreadable(
            f"strand {text!r} is not +, - or .", "Write . where there is no strand, or keep fewer columns."
        )
    return text


def _refuse_reversed(rows: list[_Row], start: np.ndarray, end: np.ndarray, path: str | Path) -> None:
    wrong = np.flatnonzero(start >= end)
    if len(wrong):
        row = wrong[0]
        raise UserError(
            f"start {start[row]:,} is not before end {end[row]:,}", where=path, line=rows[row].line, fix=_ZERO_BASED
        )


def _summit(rows: list[_Row], start: np.ndarray, end: np.ndarray, path: str | Path) -> np.ndarray:
    if not _has_summits(rows[0].fields, path):
        return np.full(len(rows), -1, dtype=np.int64)
    offset = _column(rows, NARROW_PEAK_COLUMNS - 1, _summit_offset, path)
    # Peak callers do write the offset of the end itself (a few peaks in each ENCODE file): it is taken as it stands.
    wrong = np.flatnonzero(offset > end - start)
    if len(wrong):
        row = wrong[0]
        raise UserError(
            f"the summit lies outside of its peak: offset {offset[row]:,} in a peak of {end[row] - start[row]:,} bp",
            where=path,
            line=rows[row].line,
            fix="Column 10 is counted from the start of the peak; -1 says that there is no summit.",
        )
    return np.where(offset >= 0, start + offset, -1)


def _has_summits(fields: list[str], path: str | Path) -> bool:
    if ".narrowpeak" in Path(path).name.lower():
        return len(fields) >= NARROW_PEAK_COLUMNS
    return len(fields) == NARROW_PEAK_COLUMNS and all(_is_number(text) for text in fields[6:])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text and text.isascii()


def _summit_offset(text: str) -> int:
    if text == "-1":
        return -1
    if _is_whole(text) and len(text) <= LONGEST_NUMBER:
        return int(text)
    raise _Unreadable(
        f"summit {text!r} is not a whole number", "Column 10 of narrowPeak is the offset of the summit, or -1."
    )
