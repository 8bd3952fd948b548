"""Tables (TSV, CSV, Parquet, DeepBind's .seq) with sequences or loci, and label columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int64

from cislearn.data.entries import Entries, Ragged, fit_loci, rows_table
from cislearn.data.readers import columns
from cislearn.data.readers.fasta import parse_loci
from cislearn.data.readers.load import load_table
from cislearn.errors import UserError, nearest
from cislearn.sequence.tokens import URACIL, encode

ROLES: Mapping[str, tuple[str, ...]] = {
    "sequence": ("sequence", "seq"),
    "locus": ("locus", "region", "coordinates"),
    "chrom": ("chrom", "chr", "chromosome"),
    "start": ("start", "chromstart", "chrom_start"),
    "end": ("end", "stop", "chromend", "chrom_end"),
    "strand": ("strand",),
    "summit": ("summit",),
    "peak": ("peak",),
    "name": ("name", "id", "eventid", "uid", "seqname"),
    "domain": ("domain", "cell", "cell_type", "celltype"),
    "part": ("part", "split"),
    "fold": ("fold", "foldid"),
}
"""Roles of columns, with the names (in any case) that they go by. ``summit`` is absolute, ``peak`` its offset."""


def has_header(names: Sequence[str]) -> bool:
    """Whether the fields of a line name a sequence or a locus, so that the line is a table's header."""
    roles = find_roles(names)
    return "sequence" in roles or "locus" in roles or {"chrom", "start", "end"} <= roles.keys()


def find_roles(names: Sequence[str]) -> dict[str, str]:
    """Role to column name, for the roles that a header has."""
    known = {name.strip("# ").lower(): name for name in reversed(names)}
    return {
        role: known[word] for role, words in ROLES.items() if (word := next((w for w in words if w in known), None))
    }


def read_table(
    path: Path,
    *,
    label_columns: Sequence[str] | None = None,
    sequence_column: str | None = None,
    domain_column: str | None = None,
    labelled: bool = True,
) -> Entries:
    """Rows of a table.

    Parameters
    ----------
    path : Path
        TSV, CSV (also gzip) or Parquet, with a header; found out from the content.
    label_columns : sequence of str, optional
        Columns that are labels. Without it every numeric column is one that has no other role (``ROLES``).
    sequence_column, domain_column : str, optional
        Columns with these roles, where they go by other names.
    labelled : bool
        Whether to read labels at all.

    Raises
    ------
    UserError
        With file, line and column: a column that is missing, a value that does not suit its column.
    """
    path = Path(path)
    table, line = load_table(path)
    roles = find_roles(list(table.columns))
    for role, column in (("sequence", sequence_column), ("domain", domain_column)):
        if column is not None:
            roles[role] = known_column(column, table, path)
    chosen = [known_column(column, table, path) for column in label_columns or ()]
    roles = {role: column for role, column in roles.items() if column not in chosen}
    rows = _rows(path, table, roles, line)
    sequences, has_uracil = None, False
    if "sequence" in roles:
        sequences, has_uracil = _sequences(path, table[roles["sequence"]], line)
        rows = fit_loci(rows, sequences.lengths)
    else:
        _check_loci(path, rows)
    free = [column for column in table.columns if column not in roles.values()]
    if label_columns is None and labelled:
        chosen = [column for column in free if _is_numeric(table[column])]
    values = {column: columns.labels(table[column], line, where=path) for column in chosen}
    ignored = tuple(c for c in free if c not in chosen)
    return Entries(path, rows, sequences, pd.DataFrame(values), ignored, has_uracil)


def known_column(column: str, table: pd.DataFrame, path: Path) -> str:
    """Return `column`, or refuse a name that the table does not have."""
    if column not in table.columns:
        raise UserError(
            f"has no column {column!r}{nearest(column, map(str, table.columns))}",
            where=path,
            fix="Name a column of its header.",
        )
    return column


def _is_numeric(column: pd.Series) -> bool:
    """Whether a column of no known role is meant as numbers; a wrong value among many right ones is an error later."""
    values, wrong = columns.numbers(column)
    return bool(column.name) and bool(np.isfinite(values).sum() > wrong.sum())


def _rows(path: Path, table: pd.DataFrame, roles: Mapping[str, str], line: Int64[np.ndarray, " n"]) -> pd.DataFrame:
    found: dict[str, Any] = {
        role: columns.texts(table[roles[role]]) for role in ("name", "domain", "fold", "chrom") if role in roles
    }
    for role in ("start", "end"):
        if role in roles:
            found[role] = columns.positions(table[roles[role]], line, where=path)
    for role in ("summit", "peak"):
        if role in roles:
            found[role] = columns.summits(table[roles[role]], line, where=path)
    if "strand" in roles:
        found["strand"] = columns.strands(table[roles["strand"]], line, where=path)
    if "part" in roles:
        found["part"] = columns.parts(table[roles["part"]], line, where=path)
    if "locus" in roles and "start" not in roles:
        loci = parse_loci(columns.texts(table[roles["locus"]]).astype(object))
        if "strand" in found:
            loci["strand"] = _one_strand(path, found["strand"], loci["strand"], line)
        found |= loci
    offset = found.pop("peak", None)
    if offset is not None and "start" in found:
        found["summit"] = np.where(offset >= 0, found["start"] + offset, found.get("summit", -1))
    return rows_table(len(table), line=line, **found)


def _one_strand(path: Path, told: pd.Series, in_locus: pd.Series, line: Int64[np.ndarray, " n"]) -> pd.Series:
    """Strands of the column ``strand``, or where that has none those that the loci name."""
    wrong = ((told != ".") & (in_locus != ".") & (told != in_locus)).to_numpy()
    if wrong.any():
        first = int(np.argmax(wrong))
        raise UserError(
            f"column strand has {told[first]!r}, and the locus is on {in_locus[first]!r}",
            where=path,
            line=int(line[first]),
            fix="Correct the one that is wrong.",
        )
    return told.mask(told == ".", in_locus)


def _sequences(path: Path, column: pd.Series, line: Int64[np.ndarray, " n"]) -> tuple[Ragged, bool]:
    """The sequences of a column, and whether a letter of RNA is among theirs."""
    texts = columns.texts(column)
    lengths = texts.str.len().to_numpy(np.int64)
    if not lengths.all():
        first = int(np.argmin(lengths))
        raise UserError(f"column {column.name!r} is empty; a sequence was expected", where=path, line=int(line[first]))
    try:
        whole = "".join(texts)
        return Ragged(encode(whole), lengths), any(letter in whole for letter in URACIL)
    except UserError:
        for text, number in zip(texts, line, strict=True):
            try:
                encode(text)
            except UserError as error:
                raise UserError(error.problem, where=path, line=int(number), fix=error.fix) from None
        raise


def _check_loci(path: Path, rows: pd.DataFrame) -> None:
    if (rows["end"] < 0).all():
        raise UserError(
            "has neither a sequence column nor chrom, start and end",
            where=path,
            fix="Name the columns in its first line, or give --sequence-column.",
        )
    wrong = ((rows["start"] < 0) | (rows["chrom"] == "") | (rows["start"] >= rows["end"])).to_numpy()
    if wrong.any():
        row = rows.iloc[int(np.argmax(wrong))]
        raise UserError(
            f"locus {row['chrom']}:{row['start']}-{row['end']} is empty or incomplete; start < end was expected",
            where=path,
            line=int(row["line"]),
        )
