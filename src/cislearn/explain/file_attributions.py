"""A source of windows to attributions with a row for each of its rows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float32, Int64, UInt8

from cislearn.explain.attribute import Attributions, Attributor
from cislearn.explain.sources import Source
from cislearn.prediction.files import BASES, ONLY_N
from cislearn.prediction.windows import Windows, at_rows
from cislearn.progress import Progress, silent
from cislearn.sequence.tokens import N

ROWS = 512
"""Rows of a piece: the shuffles of a piece are drawn together."""
ITS_REFERENCE = "every reference is the window itself: there is no difference to attribute"


class FileAttributions(NamedTuple):
    """Attributions of `n` rows; those of a row without any are zero, so that rows stay in their places."""

    rows: pd.DataFrame
    """What the source tells of each, then output, sum, difference and missed (where promised), note, not_attributed."""
    tokens: UInt8[np.ndarray, "n length"]
    """Of each row; N only where it has no window."""
    projected: Float32[np.ndarray, "n 4 length"]
    """See `Attributions`, on the strand of the row."""
    hypothetical: Float32[np.ndarray, "n 4 length"] | None
    spread: Float32[np.ndarray, "n length"] | None
    start: Int64[np.ndarray, " n"]
    """First base of each window on the genome; -1 where it has no place."""
    chrom: np.ndarray
    """As the genome names it; empty where it has no place."""

    @property
    def is_attributed(self) -> np.ndarray:
        """Which rows have attributions."""
        return (self.rows["not_attributed"] == "").to_numpy()


def attribute_source(attribute: Attributor, source: Source, progress: Progress = silent) -> FileAttributions:
    """Attribute each row of a source, piece by piece.

    Raises
    ------
    UserError
        Where sums of a method that promises them do not hold.
    """
    n, step = len(source), max(1, min(ROWS, BASES // attribute.spec.length))
    pieces = []
    for number, first in enumerate(range(0, n, step)):
        part = slice(first, min(first + step, n))
        pieces.append(_piece(attribute, source.told[part], source.read(part), number))
        progress("attributing windows", part.stop, n)
    return _joined(pieces)


def _piece(attribute: Attributor, told: pd.DataFrame, windows: Windows, number: int) -> FileAttributions:
    n, length = len(told), attribute.spec.length
    reason = windows.reason.copy()
    is_known = (windows.tokens < N).any(axis=1)
    reason[windows.rows[~is_known]] = ONLY_N
    rows, tokens = windows.rows[is_known], windows.tokens[is_known]
    tracks = None if windows.tracks is None else windows.tracks[is_known]
    found = attribute(tokens, tracks, number=number) if len(rows) else None
    all_tokens = np.full((n, length), N)
    all_tokens[windows.rows] = windows.tokens
    columns: dict[str, Any] = {}
    if found is not None:
        if found.is_its_reference is not None:
            reason[rows[found.is_its_reference]] = ITS_REFERENCE
            found = _without(found, found.is_its_reference)
        told_of = {"output": found.outputs, "sum": found.projected.sum((1, 2)), "difference": found.differences}
        told_of["missed"] = found.missed
        columns = {name: at_rows(each, rows, n) for name, each in told_of.items() if each is not None}
    start, chrom = np.full(n, -1), np.full(n, "", object)
    if windows.places is not None:
        start[windows.rows], chrom[windows.rows] = windows.places["start"], windows.places["chrom"]
    table = told.assign(**columns, note=windows.note.astype(str), not_attributed=reason.astype(str))
    worth = None if found is None else found.projected
    return FileAttributions(
        table,
        all_tokens,
        np.zeros((n, 4, length), np.float32) if worth is None else at_rows(worth, rows, n, 0),
        _optional(found, "hypothetical", attribute.settings.known.is_hypothetical, rows, (n, 4, length)),
        _optional(found, "spread", len(attribute.readouts) > 1, rows, (n, length)),
        start.astype(np.int64),
        chrom,
    )


def _without(found: Attributions, rows: np.ndarray) -> Attributions:
    """Attributions without those of some rows: what bases would be worth against themselves is of no use."""
    hypothetical = found.hypothetical
    if hypothetical is None:
        return found
    return found._replace(hypothetical=np.where(rows[:, None, None], np.float32(0), hypothetical))


def _optional(
    found: Attributions | None, name: str, is_there: bool, rows: np.ndarray, shape: tuple[int, ...]
) -> Float32[np.ndarray, "n ..."] | None:
    """A field that some methods, or several seeds, have: of each row, 0 where it has no attributions."""
    if not is_there:
        return None
    return np.zeros(shape, np.float32) if found is None else at_rows(getattr(found, name), rows, shape[0], 0)


def _joined(pieces: list[FileAttributions]) -> FileAttributions:
    tables = pd.concat([piece.rows for piece in pieces], ignore_index=True)
    others = [
        None if fields[0] is None else np.concatenate(fields) for fields in zip(*(p[1:] for p in pieces), strict=True)
    ]
    last = ["note", "not_attributed"]
    tables = tables[[name for name in tables if name not in last] + last]
    return FileAttributions(tables, *others)  # type: ignore[arg-type]
