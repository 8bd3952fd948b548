"""The folder of features laid into a plane: ``features.tsv``, all numbers in ``features.npz``, and what was done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float32

from cislearn.atomic import file_written_whole, write_json
from cislearn.tables import write_table
from cislearn.version import __version__

MARKER, TABLE, GROUPS, ARRAYS = "features.json", "features.tsv", "groups.tsv", "features.npz"


def write_features(
    folder: Path,
    table: pd.DataFrame,
    features: Float32[np.ndarray, "n f"],
    groups: pd.DataFrame,
    about: dict[str, Any],
) -> None:
    """Write features and tables into a folder; `about` says where they come from.

    Parameters
    ----------
    folder : Path
        That is there.
    table : DataFrame
        A row a window.
    features : ndarray, shape (n, f)
        Of these rows, in order; written as the array ``features``.
    groups : DataFrame
        What the windows were drawn from: domain, label, drawn, of.
    about : dict
        What ``features.json`` says beside the version.
    """
    write_table(folder / TABLE, table)
    write_table(folder / GROUPS, groups)
    with file_written_whole(folder / ARRAYS) as partial, partial.open("wb") as file:
        np.savez_compressed(file, features=features)
    write_json(folder / MARKER, {"cislearn": __version__} | about)
