"""Columns of a table as checked values; what is wrong is told with file, line, column and value."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int64

from cislearn.errors import UserError

ABSENT_WORDS = {"", "na", "n/a", "nan", "null", "none", "."}
"""What stands for a value that is not there, in any case."""

PARTS = {
    "train": "train", "training": "train",
    "valid": "valid", "val": "valid", "validation": "valid", "dev": "valid",
    "test": "test", "testing": "test",
}  # fmt: skip
"""Words of a column ``part`` and what they mean."""


def texts(column: pd.Series) -> pd.Series:
    """Values as text, stripped; absent ones as the empty text."""
    text = column.astype(object).where(column.notna(), "").astype(str).str.strip()
    return text.mask(text.str.lower().isin(ABSENT_WORDS), "")


def numbers(column: pd.Series) -> tuple[Float64[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
    """Values as numbers with NaN where absent, and which ones are there but are no (finite) numbers."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return values, np.isinf(values)
    codes, distinct = pd.factorize(column.astype(object), use_na_sentinel=False)
    text = texts(pd.Series(distinct))
    values = pd.to_numeric(text, errors="coerce").to_numpy(np.float64)
    wrong = ~np.isfinite(values) & (text != "").to_numpy()
    return values[codes], wrong[codes]


def labels(column: pd.Series, line: Int64[np.ndarray, " n"], *, where: Path) -> Float64[np.ndarray, " n"]:
    """Label values, NaN where absent.

    Raises
    ------
    UserError
        At the first value that is no number, or one too large for the float32 that labels are stored as.
    """
    values, wrong = numbers(column)
    wrong |= np.abs(values) > np.finfo(np.float32).max
    fix = "Mend the value, or name the label columns with --labels."
    _refuse_first(wrong, column, line, where, "a label is a number or empty", fix)
    return values


def answers(column: pd.Series, line: Int64[np.ndarray, " n"], *, where: Path) -> Float64[np.ndarray, " n"]:
    """Labels of a binary task: 0 or 1, NaN where absent.

    Raises
    ------
    UserError
        At the first value that is something else.
    """
    values, wrong = numbers(column)
    wrong |= ~np.isnan(values) & ~np.isin(values, (0, 1))
    _refuse_first(wrong, column, line, where, "a label to score against is 0, 1 or empty")
    return values


def scores(column: pd.Series, line: Int64[np.ndarray, " n"], *, where: Path) -> Float64[np.ndarray, " n"]:
    """Scores, which may be infinite; NaN where absent.

    Raises
    ------
    UserError
        At the first value that is no number.
    """
    values, wrong = numbers(column)
    _refuse_first(wrong & ~np.isinf(values), column, line, where, "a score is a number")
    return values


def positions(column: pd.Series, line: Int64[np.ndarray, " n"], *, where: Path) -> Int64[np.ndarray, " n"]:
    """Coordinates: whole numbers from 0, -1 where absent.

    Raises
    ------
    UserError
        At the first value that is something else.
    """
    return _whole_numbers(column, line, where, 0, "a position is a whole number from 0")


def summits(column: pd.Series, line: Int64[np.ndarray, " n"], *, where: Path) -> Int64[np.ndarray, " n"]:
    """Summits or their offsets: whole numbers from 0, -1 where absent; narrowPeak writes that -1 itself.

    Raises
    ------
    UserError
        At the first value that is something else.
    """
    return _whole_numbers(column, line, where, -1, "a summit is a whole number from 0, or -1 where there is none")


def _whole_numbers(
    column: pd.Series, line: Int64[np.ndarray, " n"], where: Path, least: int, expected: str
) -> Int64[np.ndarray, " n"]:
    values, wrong = numbers(column)
    wrong |= (values < least) | (np.isfinite(values) & (values != np.round(values)))
    _refuse_first(wrong, column, line, where, expected)
    return np.where(np.isnan(values), -1, values).astype(np.int64)


def parts(column: pd.Series, line: Int64[np.ndarray, " n"], *, where: Path) -> pd.Series:
    """Parts as ``train``, ``valid``, ``test`` or the empty text.

    Raises
    ------
    UserError
        At the first word that is none of ``PARTS``.
    """
    words = texts(column).str.lower()
    wrong = ~words.isin([*PARTS, ""]).to_numpy()
    _refuse_first(wrong, column, line, where, "a part is train, valid or test, or empty")
    return words.map({**PARTS, "": ""})


def strands(column: pd.Series, line: Int64[np.ndarray, " n"], *, where: Path) -> pd.Series:
    """Strands as ``+``, ``-`` or ``.``.

    Raises
    ------
    UserError
        At the first value that is something else.
    """
    values = texts(column).replace({"": "."})
    _refuse_first(~values.isin(["+", "-", "."]).to_numpy(), column, line, where, "a strand is +, - or .")
    return values


def _refuse_first(
    wrong: Bool[np.ndarray, " n"],
    column: pd.Series,
    line: Int64[np.ndarray, " n"],
    where: Path,
    expected: str,
    fix: str | None = None,
) -> None:
    if wrong.any():
        first = int(np.argmax(wrong))
        value = str(column.iloc[first])
        raise UserError(
            f"column {column.name!r} has {value!r}; {expected}", where=where, line=int(line[first]), fix=fix
        )
