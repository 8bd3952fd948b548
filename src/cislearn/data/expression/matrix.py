"""The matrix: a table of log ratios, a row a gene and a column a condition, empty where nothing was measured."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int64

from cislearn.data.expression.names import Names
from cislearn.errors import UserError
from cislearn.genome.stream import read_text

ABSENT = {"", "na", "nan", "null", "none", "."}
"""What is written, in any case, where there is no value."""
LOG_RATIO = 30.0
"""A log2 ratio beyond this would be a change by a factor of a billion: values that are all positive and reach it are
none."""


@dataclass(frozen=True)
class Matrix:
    """Expression as it was read.

    Parameters
    ----------
    path : Path
        The file.
    genes, conditions : list of str
        In the order of the file.
    values : ndarray, shape (genes, conditions), float32
        Log ratios; NaN where absent.
    lines : ndarray, shape (genes,), int64
        1-based line of each gene.
    """

    path: Path
    genes: list[str]
    conditions: list[str]
    values: Float32[np.ndarray, "g c"]
    lines: Int64[np.ndarray, " g"]


def read_matrix(path: Path | str) -> Matrix:
    """Read a tab-separated matrix: a header with the conditions, then a line a gene, its name first.

    Raises
    ------
    UserError
        With file and line: a line of another number of columns, a value that is no number, a gene or condition that is
        there twice, no gene at all; and where the values cannot be log ratios.
    """
    path = Path(path)
    rows = [(k, line.split("\t")) for k, line in enumerate(read_text(path).split("\n"), start=1) if line.strip()]
    (first, header), *rows = rows or [(1, [""])]
    if len(header) < 2 or not rows:
        raise UserError(
            "holds no matrix: a header with conditions and a line a gene, with tabs between, were expected", where=path
        )
    conditions, genes = Names("condition", path), Names("gene", path)
    for name in header[1:]:
        conditions.add(name.strip(), first)
    values = np.empty((len(rows), len(header) - 1), dtype=np.float32)
    for row, (line, fields) in enumerate(rows):
        if len(fields) != len(header):
            raise UserError(
                f"has {len(fields):,} columns, the header has {len(header):,}",
                where=path,
                line=line,
                fix="Each line is a gene and a value, or nothing, for each condition, with tabs between.",
            )
        genes.add(fields[0].strip(), line)
        values[row] = [_number(text, name, path, line) for name, text in zip(conditions, fields[1:], strict=True)]
    _refuse_other_scales(values, path)
    return Matrix(path, list(genes), list(conditions), values, np.array([line for line, _ in rows], dtype=np.int64))


def _number(text: str, condition: str, path: Path, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan if text.strip().lower() in ABSENT else math.inf
    if math.isinf(value):
        problem = f"{text.strip()[:40]!r} under {condition!r} is not a number"
        raise UserError(problem, where=path, line=line, fix="Write a log ratio, or nothing where there is none.")
    return value


def _refuse_other_scales(values: Float32[np.ndarray, "g c"], path: Path) -> None:
    known = values[~np.isnan(values)]
    if len(known) and known.min() >= 0 and known.max() > LOG_RATIO:
        raise UserError(
            f"holds no log ratios: no value is negative and they reach {known.max():,.6g}",
            where=path,
            fix="Give log2 of each value over that of a reference; counts and intensities have another scale.",
        )
