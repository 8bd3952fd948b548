"""Which conditions are of one series: a time course, or one comparison of strains, media or temperatures."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files as resources
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Int64

from cislearn.data.dataset import Dataset
from cislearn.data.expression.names import Names
from cislearn.errors import UserError
from cislearn.genome.chromosomes import some_names
from cislearn.genome.stream import read_text

SERIES = "series.tsv"
"""Of a dataset whose conditions were told apart by their user: columns condition, series."""


def gasch_series() -> pd.DataFrame:
    """Return the series of each condition of Gasch et al. 2000: columns condition, series.

    An array is nearly the copy of the one before it in time, so a condition whose series was trained on is not new.
    Series are told by the names of the conditions; what stands alone is put where it is nearest: the three
    overexpressions together, sorbitol at steady state with its time course, 33 against 30 degrees with 29 to 33.
    """
    text = (resources("cislearn.data.expression") / "gasch_series.tsv").read_text(encoding="utf-8")
    return pd.read_csv(StringIO(text), sep="\t", comment="#")


def read_series(path: Path | str, conditions: Sequence[str]) -> pd.DataFrame:
    """Read a condition and its series a line, with a tab between, with a header or without; ``#`` begins a comment.

    Parameters
    ----------
    path : Path
        The file.
    conditions : list of str
        Of the matrix.

    Returns
    -------
    DataFrame
        Columns condition, series; conditions that the matrix lacks are left out.

    Raises
    ------
    UserError
        Where a line is no such pair, a condition is there twice, or none is of the matrix.
    """
    path = Path(path)
    names, series = Names("condition", path), []
    lines = [(k, line.split("\t")) for k, line in enumerate(read_text(path).split("\n"), start=1) if line.strip()]
    for line, fields in lines:
        if fields[0].startswith("#") or [field.strip().lower() for field in fields] == ["condition", "series"]:
            continue
        if len(fields) != 2 or not fields[1].strip():
            raise UserError("is no condition and its series with a tab between", where=path, line=line)
        names.add(fields[0].strip(), line)
        series.append(fields[1].strip())
    table = pd.DataFrame({"condition": list(names), "series": series})
    known = table[table["condition"].isin(list(conditions))].reset_index(drop=True)
    if not len(known):
        raise UserError(
            f"names no condition of the matrix, which has {some_names(conditions)}",
            where=path,
            fix="Name conditions as the header of the matrix does.",
        )
    return known


def series_of(dataset: Dataset) -> pd.DataFrame:
    """Return the series that a dataset was prepared with, or those of Gasch et al. where it was with none."""
    own = None if dataset.path is None else dataset.path / SERIES
    if own is None or not own.is_file():
        return gasch_series()
    return pd.read_csv(own, sep="\t", dtype=str, keep_default_na=False)


def series_codes(conditions: list[str], series: pd.DataFrame) -> Int64[np.ndarray, " conditions"]:
    """Give each condition the number of its series; one that the table lacks is a series of its own."""
    known = dict(zip(series["condition"], series["series"], strict=True))
    return pd.factorize(np.array([known.get(name, f"{name} alone") for name in conditions], dtype=object))[0].astype(
        np.int64
    )


def series_notes(conditions: Sequence[str], series: pd.DataFrame) -> list[str]:
    """Say how many conditions are of no series, since each of these counts as one of its own."""
    alone = [name for name in conditions if name not in set(series["condition"])]
    if not alone:
        return []
    if len(alone) == len(conditions):
        return [
            "no condition is of a known series: give --series, or each counts as a series of its own, and a split by"
            " series is one by conditions"
        ]
    return [f"{len(alone):,} of {len(conditions):,} conditions are of no series, each its own: {some_names(alone)}"]
