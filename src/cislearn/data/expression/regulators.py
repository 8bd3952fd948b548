"""The regulators of a condition: their own expression in it, which is what a model reads beside the promoter."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float32, Int64

from cislearn.data.dataset import Dataset
from cislearn.data.expression.names import Names
from cislearn.errors import UserError
from cislearn.genome.stream import read_text

PLACE = "regulator"
"""Column of ``loci.parquet``: which of the regulators a gene is, -1 where it is none."""
WITHOUT_PROMOTER = "regulators_without_promoter.parquet"
"""Regulators that are no row of the dataset: name, place among the regulators, a value a condition."""


@dataclass(frozen=True)
class Regulators:
    """What is known of the regulators in each condition.

    Parameters
    ----------
    names : list of str
        In the order of their list.
    values : ndarray, shape (regulators, conditions), float32
        Log ratios; 0, no change, where nothing was measured.
    is_missing : ndarray, shape (regulators, conditions), bool
        Where the 0 stands for nothing.
    own : ndarray, shape (genes,), int64
        Which regulator a gene is itself, -1 where it is none: its target would be among its inputs.
    """

    names: list[str]
    values: Float32[np.ndarray, "r c"]
    is_missing: Bool[np.ndarray, "r c"]
    own: Int64[np.ndarray, " g"]


def read_regulator_names(path: Path | str) -> dict[str, int]:
    """Names, one a line, with the line of each; blank lines and comments (``#``) are passed over.

    Raises
    ------
    UserError
        Where a name is there twice, or there is none.
    """
    path, names = Path(path), Names("regulator", Path(path))
    for line, text in enumerate(read_text(path).split("\n"), start=1):
        if text.strip() and not text.startswith("#"):
            names.add(text.strip(), line)
    if not len(names):
        raise UserError("names no regulator", where=path, fix="Write the name of a gene in each line.")
    return names.line


def regulators_of(dataset: Dataset) -> Regulators:
    """Gather the regulators of a dataset of `prepare_expression`: rows of its labels, and the few without a promoter.

    Raises
    ------
    UserError
        Where the dataset is of another kind.
    """
    if dataset.path is None or PLACE not in dataset.loci:
        raise UserError(
            "is no dataset of expression with regulators", where=dataset.path, fix="cislearn prepare --expression"
        )
    own = dataset.loci[PLACE].to_numpy(np.int64)
    others = pd.read_parquet(dataset.path / WITHOUT_PROMOTER)
    rows = np.flatnonzero(own >= 0)
    place = np.concatenate([own[rows], others[PLACE].to_numpy(np.int64)])
    found = np.concatenate([dataset.labels_float(rows), others.iloc[:, 2:].to_numpy(np.float32)])
    values = np.empty_like(found)
    values[place] = found
    names = np.empty(len(place), dtype=object)
    names[place] = [*dataset.loci["name"].iloc[rows], *others["name"]]
    return Regulators(list(names), np.nan_to_num(values), np.isnan(values), own)
