"""The ledger of a study: committed tables, from which it goes on later or elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cislearn.atomic import alone
from cislearn.errors import UserError
from cislearn.tables import write_table


@dataclass(frozen=True)
class Table:
    """A table on disk to which rows are added, whole or not at all.

    Parameters
    ----------
    path : Path
        A TSV file, made when the first row is written.
    keys : tuple of str
        Columns that tell one row from another; read as text.
    text : tuple of str
        Further columns of text: a commit of digits alone is no number.
    """

    path: Path
    keys: Sequence[str]
    text: Sequence[str] = ()

    def read(self) -> pd.DataFrame:
        """Return its rows.

        Raises
        ------
        UserError
            Where it cannot be read, a key is missing, or a row stands there twice.
        """
        if not self.path.is_file():
            return pd.DataFrame(columns=list(self.keys), dtype=str)
        fix = "Take it from the last commit."
        *_, last = text = self.path.read_text(encoding="utf-8").splitlines(keepends=True) or [""]
        if not last.endswith("\n") or last.count("\t") != text[0].count("\t"):
            raise UserError("is cut short: its last row is not whole", where=self.path, line=len(text), fix=fix)
        try:
            table = pd.read_csv(self.path, sep="\t", dtype=dict.fromkeys((*self.keys, *self.text), str))
        except (ValueError, pd.errors.ParserError) as error:
            raise UserError(f"cannot be read: {error}", where=self.path, fix=fix) from error
        for name in self.keys:
            if name not in table:
                raise UserError(f"has no column {name!r}", where=self.path, fix=fix)
            if table[name].isna().any():
                line = int(table[name].isna().argmax()) + 2
                raise UserError(f"is cut short: there is no {name}", where=self.path, line=line, fix=fix)
        twice = table.duplicated(list(self.keys)).to_numpy()
        if twice.any():
            raise UserError(
                "says a row twice", where=self.path, line=int(twice.argmax()) + 2, fix="Remove one of them."
            )
        return table

    def add(self, rows: pd.DataFrame) -> None:
        """Write `rows` below those that are there."""
        self.replace({}, rows)

    def replace(self, of: Mapping[str, str], rows: pd.DataFrame) -> None:
        """Write `rows` below those that are there, without those whose columns have the values `of`."""
        with alone(self.path):
            kept = self.read()
            same = pd.Series(bool(of), index=kept.index)
            for name, value in of.items():
                same &= kept[name] == value
            write_table(self.path, pd.concat([t for t in (kept[~same], rows) if len(t)], ignore_index=True))
