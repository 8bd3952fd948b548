"""Which windows came with their labels, where not all do, on record."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from cislearn.data.split import TRAIN
from cislearn.experiment.roles import PARTS, Roles, Side, Sight
from cislearn.runs import LABELLED
from cislearn.tables import write_table


def write_labelled(roles: Roles, folder: Path) -> None:
    """Write the rows whose labels may be seen, with part, place and labels, of each side of which not all may be.

    Of the target these are the rows of its share, of the sources those that are left where others are hidden.
    """
    rows = np.flatnonzero(roles.shown)
    if len(roles.hidden):
        rows = np.concatenate([*(roles.seen_rows("sources", part) for part in ("train", "valid")), rows])
    if len(rows) == 0:
        return
    rows.sort()
    dataset, names = roles.dataset, {code: name for name, code in PARTS.items()}
    labels = dataset.labels_float(rows).T
    columns = {f"label_{task.name}": of_task for task, of_task in zip(dataset.spec.tasks, labels, strict=True)}
    about = {"row": rows, "part": [names[code] for code in roles.split.part[rows]]}
    loci = dataset.loci.drop(columns="part").iloc[rows].reset_index(drop=True)
    write_table(folder / LABELLED, pd.concat([pd.DataFrame(about), loci, pd.DataFrame(columns)], axis=1))


def labelled_notes(roles: Roles) -> list[str]:
    """Say for people how many labels are seen of each side of which not all or none are."""
    said = []
    if len(roles.hidden):
        n_hidden = int((roles.split.part[roles.hidden] == TRAIN).sum())
        of = n_hidden + len(roles.labelled_rows("sources", "train"))
        said.append(_note(roles, "sources", "sources", of))
    if roles.shown.any():
        said.append(_note(roles, "share", "target", len(roles.labelled_rows("target", "train"))))
    return said


def _note(roles: Roles, sight: Sight, side: Side, of: int) -> str:
    train, valid = (len(roles.seen_rows(sight, part)) for part in ("train", "valid"))
    name = roles.domain_name(side)
    return f"labels of {name}: {train:,} of {of:,} training windows, {valid:,} validation windows ({LABELLED})"
