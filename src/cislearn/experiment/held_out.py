"""The windows that a finished run has held out, from its dataset, with the labels that it was scored by."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from cislearn.errors import UserError, nearest
from cislearn.experiment.comparing.contenders import find_contender, read_predictions
from cislearn.experiment.comparing.loci import open_datasets
from cislearn.explain.windows import Windows
from cislearn.prediction.predictor import Signals, read_rows


def held_out(
    run: Path | str,
    method: str | None = None,
    *,
    part: Literal["test", "valid"] = "test",
    domain: str | None = None,
    data: Path | None = None,
) -> Windows:
    """Return the rows of a part that a run recorded the predictions of, without their margins.

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
    rows = np.sort(chosen.index.to_numpy())
    labels = chosen.loc[rows, [f"label_{task.name}" for task in spec.tasks]].to_numpy(np.float64)
    tracks = dataset.tracks if spec.tracks else None

    def read(part: Sequence[int] | np.ndarray) -> tuple[np.ndarray, Signals]:
        return read_rows(dataset.sequences, tracks, rows[part], dataset.spec.margin)

    return Windows(len(rows), spec.length, read, labels)
