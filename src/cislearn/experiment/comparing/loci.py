"""Which test loci all contenders have, and which of them one has learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Int64, UInt64

from cislearn.data.clusters import has_locus
from cislearn.data.dataset import Dataset, read_dataset
from cislearn.errors import UserError
from cislearn.experiment.comparing.contenders import Contender


@dataclass(frozen=True)
class Windows:
    """A dataset, and what is computed of it once."""

    dataset: Dataset

    @cached_property
    def hashes(self) -> UInt64[np.ndarray, " n"]:
        """Hash of each row's window, equal for both strands."""
        return self.dataset.window_hashes


@dataclass(frozen=True)
class Loci:
    """Some rows of a dataset.

    Parameters
    ----------
    windows : Windows
        The dataset.
    rows : ndarray, shape (n,), int64
        Of that dataset.
    """

    windows: Windows
    rows: Int64[np.ndarray, " n"]

    def __len__(self) -> int:
        """Return their number."""
        return len(self.rows)

    @cached_property
    def places(self) -> pd.DataFrame:
        """Where they lie."""
        return self.windows.dataset.loci.iloc[self.rows].reset_index(drop=True)

    @property
    def hashes(self) -> UInt64[np.ndarray, " n"]:
        """Hashes of the windows, equal for both strands."""
        return self.windows.hashes[self.rows]

    def take(self, positions: Int64[np.ndarray, " k"]) -> Loci:
        """Return those at `positions`."""
        return Loci(self.windows, self.rows[positions])

    def name(self, position: int) -> str:
        """Return what one of them is called, for people."""
        row = self.places.iloc[position]
        place = f"{row['chrom']}:{row['start']}-{row['end']}" if row["chrom"] else f"row {self.rows[position]}"
        called = f" ({row['name']})" if row["name"] else ""
        return f"{row['domain']} {place}{called}"


def open_datasets(contenders: Sequence[Contender], given: Sequence[Path] = ()) -> dict[str, Windows]:
    """Return the dataset of each contender by its hash: from the folders `given`, else where its configuration says.

    Raises
    ------
    UserError
        Where one is not there, or is another dataset by now.
    """
    by_hash = {dataset.hash: dataset for dataset in map(read_dataset, given)}
    if strange := by_hash.keys() - {contender.dataset_hash for contender in contenders}:
        raise UserError("none of the runs was trained on this dataset", where=by_hash[min(strange)].path)
    for contender in contenders:
        if contender.dataset_hash not in by_hash:
            by_hash[contender.dataset_hash] = _where_it_was(contender)
    return {key: Windows(dataset) for key, dataset in by_hash.items()}


def _where_it_was(contender: Contender) -> Dataset:
    path, fix = contender.config.data.path, "Give --data FOLDER, where it lies now: its windows are read there."
    if not path.is_dir():
        raise UserError(f"its dataset is not at {path}", where=contender.name, fix=fix)
    dataset = read_dataset(path)
    if dataset.hash != contender.dataset_hash:
        raise UserError(f"the dataset at {path} is not the one it was trained on", where=contender.name, fix=fix)
    return dataset


def share(sides: Sequence[Loci]) -> list[Int64[np.ndarray, " k"]]:
    """Return the positions, in each of `sides`, of the loci that all have, in the order of the first.

    Rows of one dataset are lined up by their number; of several by domain, place and content of the window, or, where
    a side knows no places, by domain and content alone.
    """
    keys = _keys(sides)
    shared = keys[0]
    for other in keys[1:]:
        shared = shared[shared.isin(other)]
    return [key.get_indexer(shared).astype(np.int64) for key in keys]


def _keys(sides: Sequence[Loci]) -> list[pd.Index]:
    """What each locus is known by; the first of several equal ones of a side goes with the first of another's."""
    if len({side.windows.dataset.hash for side in sides}) == 1:
        return [pd.Index(side.rows) for side in sides]
    placed = all(has_locus(side.places).all() for side in sides)
    columns = ["domain", "chrom", "start", "end", "strand"] if placed else ["domain"]
    keys: list[pd.Index] = []
    for side in sides:
        frame = side.places[columns].assign(window=side.hashes)
        keys.append(pd.MultiIndex.from_frame(frame.assign(copy=frame.groupby([*columns, "window"]).cumcount())))
    return keys
