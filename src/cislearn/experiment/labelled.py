"""Which of the target's windows came with their labels, on record."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from cislearn.experiment.roles import PARTS, Roles
from cislearn.runs import LABELLED
from cislearn.tables import write_table


def write_labelled(roles: Roles, folder: Path) -> None:
    """Write the target's rows whose labels may be seen, with part, place and labels; nothing where there are none."""
    rows = np.flatnonzero(roles.shown)
    if len(rows) == 0:
        return
    dataset, names = roles.dataset, {code: name for name, code in PARTS.items()}
    labels = dataset.labels_float(rows).T
    columns = {f"label_{task.name}": of_task for task, of_task in zip(dataset.spec.tasks, labels, strict=True)}
    about = {"row": rows, "part": [names[code] for code in roles.split.part[rows]]}
    loci = dataset.loci.drop(columns="part").iloc[rows].reset_index(drop=True)
    write_table(folder / LABELLED, pd.concat([pd.DataFrame(about), loci, pd.DataFrame(columns)], axis=1))


def labelled_note(roles: Roles) -> str | None:
    """Say for people how many labels of the target are seen; None where there are none."""
    if not roles.shown.any():
        return None
    train, valid = (len(roles.seen_rows("share", part)) for part in ("train", "valid"))
    of = len(roles.labelled_rows("target", "train"))
    return f"labels of {roles.target}: {train:,} of {of:,} training windows, {valid:,} validation windows ({LABELLED})"
