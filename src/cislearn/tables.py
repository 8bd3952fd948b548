"""Tables on disk, as TSV or Parquet, whole or not at all, in one piece or in many."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from cislearn.atomic import file_written_whole
from cislearn.errors import UserError

EXTENSIONS = (".tsv", ".txt", ".parquet")
Write = Callable[[pd.DataFrame], None]
"""Writes the next rows; all pieces of a table have the same columns."""


def check_table_name(path: Path) -> None:
    """Refuse a name of a table to be that says another format than what would stand in it, before anything is computed.

    Raises
    ------
    UserError
        With the names that go.
    """
    if path.suffix not in EXTENSIONS:
        raise UserError(f"extension {path.suffix!r} is not known", where=path, fix="Name it .tsv or .parquet.")


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as TSV, or as Parquet if its name says so, whole or not at all."""
    with table_written_whole(path) as write:
        write(table)


@contextmanager
def table_written_whole(path: Path, *, header: bool = True, absent: str = "") -> Iterator[Write]:
    """Give a function that writes the rows of a table piece by piece.

    The file takes its name when the block ends without an error, as `cislearn.atomic.file_written_whole` says.

    Parameters
    ----------
    path : Path
        Parquet, a group of rows a piece, if it is called ``.parquet``; else TSV, numbers with six digits.
    header, absent
        Of TSV: whether the names of the columns come first, and what stands for a value that is not there.
    """
    is_parquet = path.suffix == ".parquet"
    with (
        file_written_whole(path) as partial,
        _parquet(partial) if is_parquet else _tsv(partial, header, absent) as write,
    ):
        yield write


@contextmanager
def _parquet(path: Path) -> Iterator[Write]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer: pq.ParquetWriter | None = None

    def write(table: pd.DataFrame) -> None:
        nonlocal writer
        rows = pa.Table.from_pandas(table, schema=writer.schema if writer else None, preserve_index=False)
        writer = writer or pq.ParquetWriter(path, rows.schema)
        writer.write_table(rows)

    try:
        yield write
    finally:
        if writer is not None:
            writer.close()


@contextmanager
def _tsv(path: Path, header: bool, absent: str) -> Iterator[Write]:
    with path.open("w", encoding="utf-8", newline="") as out:
        lines = csv.writer(out, delimiter="\t", lineterminator="\n")

        def write(table: pd.DataFrame) -> None:
            if header and not out.tell():
                lines.writerow(table.columns)
            lines.writerows(zip(*(_texts(table[name], absent) for name in table.columns), strict=True))

        yield write


def _texts(column: pd.Series, absent: str) -> list[object]:
    """Values as `DataFrame.to_csv` writes them, which takes it twice the time."""
    if pd.api.types.is_float_dtype(column.dtype):
        numbers = column.to_numpy(np.float64, na_value=np.nan).tolist()
        return [absent if number != number else f"{number:.6g}" for number in numbers]
    return column.astype(object).where(column.notna(), absent).tolist()
