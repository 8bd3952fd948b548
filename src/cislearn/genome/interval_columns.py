"""The columns of a plain interval file, all rows at once: the quick way beside the one that goes row by row."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float64, Int64
from pyarrow import csv

LONGEST_NUMBER = 15
"""Digits of a position, at most."""
ABSENT = (".", "", "NA", "nan", "NaN")
"""What stands for a score that is not there."""
STRANDS = ("+", "-", ".")
_NOT_A_REGION = r"^(#|(track|browser)(\s|$))"
_CHROM, _START, _END, _NAME, _SCORE, _STRAND = range(6)


def read_columns(body: str, *, summit: int | None) -> pd.DataFrame | None:
    """Columns chrom, start, end, name, score, strand and summit of tab-separated regions, if all rows are plain.

    None says neither what is wrong nor whether anything is: comments among the rows come to that too.

    Parameters
    ----------
    body : str
        Rows from the first region on, without a header.
    summit : int, optional
        The column, from 0, that holds offsets of summits.
    """
    width = body.partition("\n")[0].count("\t") + 1
    try:
        return pd.DataFrame(_columns(_split(body, width), summit))
    except ValueError:  # pyarrow's errors are of this kind
        return None


def _split(body: str, width: int) -> dict[int, pa.StringArray]:
    """Texts of the columns that are read, by their number."""
    if width < 3 or "\r" in body:
        raise ValueError("not separated by tabs, or lines that end otherwise")
    names = [str(column) for column in range(width)]
    table = csv.read_csv(
        BytesIO(body.encode()),
        csv.ReadOptions(column_names=names, use_threads=False),
        csv.ParseOptions(delimiter="\t", quote_char=False, ignore_empty_lines=False),
        csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            include_columns=[name for name in names if int(name) in (*range(6), 9)],
            strings_can_be_null=False,
        ),
    )
    return {int(name): table[name].combine_chunks() for name in table.column_names}


def _columns(found: dict[int, pa.StringArray], summit: int | None) -> dict[str, Any]:
    """Return checked values; what the file has not stands as one value for all rows."""
    start, end = _numbers(found[_START]), _numbers(found[_END])
    if (start >= end).any():
        raise ValueError("start is not before end")
    if pc.any(pc.match_substring_regex(found[_CHROM], _NOT_A_REGION)).as_py():
        raise ValueError("a comment")
    if not all(is_name(name) for name in pc.unique(found[_CHROM]).to_pylist()):
        raise ValueError("not a chromosome")
    return {
        "chrom": _texts(found[_CHROM]),
        "start": start,
        "end": end,
        "name": _texts(pc.if_else(pc.equal(found[_NAME], "."), "", found[_NAME])) if _NAME in found else "",
        "score": _scores(found[_SCORE]) if _SCORE in found else np.nan,
        "strand": _strands(found[_STRAND]) if _STRAND in found else ".",
        "summit": _summits(found[summit], start, end) if summit is not None else -1,
    }


def is_name(chrom: str) -> bool:
    """Whether a word can be that of a chromosome: not empty, without white space about it."""
    return bool(chrom) and chrom == chrom.strip()


def _texts(column: pa.StringArray) -> pd.Series:
    return pd.Series(column.to_pandas(), dtype=str)


def _numbers(column: pa.StringArray) -> Int64[np.ndarray, " n"]:
    if not pc.all(pc.ascii_is_decimal(column)).as_py() or pc.max(pc.utf8_length(column)).as_py() > LONGEST_NUMBER:
        raise ValueError("not a whole number from 0")
    return column.cast(pa.int64()).to_numpy().copy()


def _scores(column: pa.StringArray) -> Float64[np.ndarray, " n"]:
    is_absent = pc.is_in(column, pa.array(ABSENT))
    scores = pc.if_else(is_absent, "nan", column).cast(pa.float64()).to_numpy().copy()
    if np.isinf(scores).any():
        raise ValueError("not a finite score")
    return scores


def _strands(column: pa.StringArray) -> pd.Series:
    if not set(pc.unique(column).to_pylist()) <= set(STRANDS):
        raise ValueError("not a strand")
    return _texts(column)


def _summits(
    column: pa.StringArray, start: Int64[np.ndarray, " n"], end: Int64[np.ndarray, " n"]
) -> Int64[np.ndarray, " n"]:
    is_absent = pc.equal(column, "-1")
    offset = _numbers(pc.if_else(is_absent, "0", column))
    if (offset > end - start).any():
        raise ValueError("outside of the peak")
    return np.where(is_absent.to_numpy(zero_copy_only=False), -1, start + offset)
