"""The windows that a finished run has held out, from its dataset, with the labels that it was scored by."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Int

from cislearn.data.dataset import Dataset
from cislearn.errors import UserError, nearest
from cislearn.experiment.comparing.contenders import find_contender, read_predictions
from cislearn.experiment.comparing.loci import open_datasets
from cislearn.explain.windows import Windows
from cislearn.prediction.predictor import Signals, read_rows
from cislearn.schema import DataSpec


class HeldOut(NamedTuple):
    """Rows of the dataset of a run that it has not learned from."""

    dataset: Dataset
    spec: DataSpec
    """Of the model."""
    table: pd.DataFrame
    """By row of the dataset, in rising order: domain, part, and what was recorded of each."""

    def labels_of(self, rows: Int[np.ndarray, " n"]) -> pd.DataFrame:
        """Return the labels of rows, a column a task, as float64; NaN where absent."""
        names = {f"label_{task.name}": task.name for task in self.spec.tasks}
        return self.table.loc[rows, list(names)].rename(columns=names).astype(np.float64)

    def windows(self, rows: Int[np.ndarray, " n"]) -> Windows:
        """Return these rows without their margins, with their labels."""
        tracks = self.dataset.tracks if self.spec.tracks else None

        def read(part: Sequence[int] | np.ndarray) -> tuple[np.ndarray, Signals]:
            return read_rows(self.dataset.sequences, tracks, rows[part], self.dataset.spec.margin)

        return Windows(len(rows), self.spec.length, read, self.labels_of(rows).to_numpy())


def held_out(
    run: Path | str,
    method: str | None = None,
    *,
    part: Literal["test", "valid"] = "test",
    domain: str | None = None,
    data: Path | None = None,
) -> Windows:
    """Return the windows of `held_out_rows`, with the labels that they were scored by."""
    found = held_out_rows(run, method, part=part, domain=domain, data=data)
    return found.windows(found.table.index.to_numpy())


def held_out_rows(
    run: Path | str,
    method: str | None = None,
    *,
    part: Literal["test", "valid"] = "test",
    domain: str | None = None,
    data: Path | None = None,
) -> HeldOut:
    """Return the rows of a part that a run recorded the predictions of.

    The run has learned nothing from the test part, so what is told of it there is no flattery.

    Parameters
    ----------
    run : Path
        A run, a method's folder, or an experiment.
    method : str, optional
        Of an experiment with several.
    part : {"test", "valid"}
        Which part.
    domain : str, optional
        Rows of that domain alone; by default of the sources and the target.
    data : Path, optional
        Where its dataset lies now, if it has moved.

    Raises
    ------
    UserError
        Where there is no such run or dataset, or no such row.
    """
    contender = find_contender(run if method is None else f"{run}:{method}")
    spec = contender.card.spec
    dataset = open_datasets([contender], [] if data is None else [data])[contender.dataset_hash].dataset
    table = read_predictions(contender.runs[0], spec.tasks)
    chosen = table[table["part"] == part]
    if domain is not None:
        names = sorted(chosen["domain"].unique())
        if domain not in names:
            raise UserError(f"no row of part {part} is of domain {domain!r}{nearest(domain, names)}", where="--domain")
        chosen = chosen[chosen["domain"] == domain]
    if len(chosen) == 0:
        raise UserError(f"has no row in part {part}", where=run, fix="Give windows: --input FILE.")
    return HeldOut(dataset, spec, chosen.sort_index())
