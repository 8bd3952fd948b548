"""What a contender predicted of its labelled test loci."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64

from cislearn.errors import UserError
from cislearn.experiment.comparing.contenders import Contender, read_predictions
from cislearn.experiment.comparing.loci import Loci, Windows
from cislearn.runs import certain_names, logit_names
from cislearn.schema import TaskSpec


@dataclass(frozen=True)
class Predicted:
    """Labels and logits of one contender's test loci.

    Parameters
    ----------
    contender : Contender
        Whose.
    tasks : list of TaskSpec
        Those that are compared.
    loci : Loci
        Labelled test rows: of the target where it has labels, else of the sources.
    labels : ndarray, shape (n, tasks)
        NaN where absent.
    tables : mapping
        Predictions of each seed (None for a simple model), a row each of `loci`.
    parts : DataFrame
        Domain and part of each row, validation included, that was predicted.
    """

    contender: Contender
    tasks: Sequence[TaskSpec]
    loci: Loci
    labels: Float64[np.ndarray, "n t"]
    tables: Mapping[int | None, pd.DataFrame]
    parts: pd.DataFrame

    @property
    def domains(self) -> str:
        """The domains of its loci, for people."""
        return ", ".join(self.loci.places["domain"].unique())

    def take(self, positions: Int64[np.ndarray, " k"]) -> Predicted:
        """Return the loci at `positions`."""
        tables = {seed: table.iloc[positions] for seed, table in self.tables.items()}
        return replace(self, loci=self.loci.take(positions), labels=self.labels[positions], tables=tables)

    def label(self, task: TaskSpec) -> Float64[np.ndarray, " n"]:
        """Labels of one task."""
        return self.labels[:, list(self.tasks).index(task)]

    def scored(self, task: TaskSpec, seeds: Sequence[int]) -> dict[str, Any]:
        """Return logits, a row each seed, thresholds and temperatures of one task, as `score_table` takes them."""
        taken: Sequence[int | None] = [None] if self.contender.is_simple else seeds
        columns = logit_names(task)
        logits = np.stack([self.tables[seed][columns].to_numpy(np.float64) for seed in taken])
        return {
            "logits": logits if len(columns) > 1 else logits[:, :, 0],
            "thresholds": self._chosen("thresholds", task, taken),
            "temperatures": self._chosen("temperatures", task, taken),
        }

    def _chosen(self, key: str, task: TaskSpec, seeds: Sequence[int | None]) -> Float64[np.ndarray, " seeds"] | None:
        """Return what each run chose on validation data for a binary task; None where one did not."""
        found = [self.contender.by_seed[seed].info.get(key, {}).get(task.name) for seed in seeds]
        return None if task.kind != "binary" or None in found else np.array(found, dtype=np.float64)


def read_predicted(contender: Contender, tasks: Sequence[TaskSpec], windows: Windows) -> Predicted:
    """Read the predictions of all runs of a contender.

    Raises
    ------
    UserError
        Where a file is not whole, belongs to another dataset, or holds no labelled test row.
    """
    tables = {seed: read_predictions(run, tasks) for seed, run in contender.by_seed.items()}
    first = next(iter(tables.values()))
    labels = [f"label_{task.name}" for task in tasks]
    tested = first[(first["part"] == "test") & first[labels].notna().any(axis=1)]
    on_target = tested[tested["domain"] == contender.target]
    rows = (on_target if len(on_target) else tested[tested["domain"].isin(contender.sources)]).index
    if not len(rows):
        raise UserError("holds no labelled test row", where=contender.name)
    for seed, table in tables.items():
        _check(contender.by_seed[seed].path, table, rows, [n for task in tasks for n in certain_names(task)], windows)
    return Predicted(
        contender,
        tasks,
        Loci(windows, rows.to_numpy(np.int64)),
        first.loc[rows, labels].to_numpy(np.float64),
        {seed: table.loc[rows] for seed, table in tables.items()},
        first[["domain", "part"]],
    )


def _check(where: Any, table: pd.DataFrame, rows: pd.Index, logits: Sequence[str], windows: Windows) -> None:
    path, fix = where / "predictions.parquet", "Train the run again."
    if not (rows.isin(table.index).all() and table.index.is_unique and table.index.max() < len(windows.dataset)):
        raise UserError("holds other rows than its dataset and its other seeds have", where=path, fix=fix)
    wrong = ~np.isfinite(table.loc[rows, list(logits)].to_numpy(np.float64)).all(axis=1)
    if wrong.any():
        raise UserError(f"{wrong.sum():,} of {len(rows):,} test rows have no finite score", where=path, fix=fix)
