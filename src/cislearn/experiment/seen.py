"""Which labels a run has seen: its windows, by their hashes and by where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool, UInt64

from cislearn.data.clusters import cluster_starts, has_locus, on_one_axis, overlaps_any
from cislearn.data.dataset import Dataset
from cislearn.errors import UserError
from cislearn.runs import SEEN, SEEN_PLACES, RunFolder
from cislearn.tables import write_table

COLUMNS = ["genome", "chrom", "start", "end"]


@dataclass(frozen=True)
class Seen:
    """The windows whose labels were seen.

    Parameters
    ----------
    hashes : ndarray, shape (m,), uint64
        Of the windows, equal for both strands, ascending, each once.
    places : DataFrame
        genome, chrom, start, end (0-based half-open) of stretches that together cover the windows whose place is known.
    """

    hashes: UInt64[np.ndarray, " m"]
    places: pd.DataFrame

    def holds(self, hashes: UInt64[np.ndarray, " n"], loci: pd.DataFrame) -> Bool[np.ndarray, " n"]:
        """Tell which windows are among the seen ones, on either strand, or overlap one.

        Parameters
        ----------
        hashes : ndarray, shape (n,), uint64
            Of windows of any dataset.
        loci : DataFrame
            Their places, a row each, as `Dataset.loci` has them.
        """
        known = np.isin(hashes, self.hashes)
        start, end = on_one_axis(pd.concat([loci[COLUMNS], self.places]))
        here, there = np.flatnonzero(has_locus(loci)), len(loci) + np.arange(len(self.places))
        known[here] |= overlaps_any(start[here], end[here], start[there], end[there])
        return known


def seen_of(dataset: Dataset, rows: np.ndarray) -> Seen:
    """Return what has seen these rows of a dataset."""
    loci = dataset.loci.iloc[rows]
    return Seen(np.unique(dataset.window_hashes[rows]), _merged(loci.loc[has_locus(loci), COLUMNS]))


def seen_together(each: Sequence[Seen]) -> Seen:
    """Return what several have seen; nothing of none."""
    nowhere = pd.DataFrame({name: pd.Series(dtype=object if name in COLUMNS[:2] else np.int64) for name in COLUMNS})
    hashes = np.unique(np.concatenate([np.zeros(0, np.uint64), *(seen.hashes for seen in each)]))
    return Seen(hashes, _merged(pd.concat([nowhere, *(seen.places for seen in each if len(seen.places))])))


def write_seen(seen: Seen, folder: Path) -> None:
    """Write ``seen.npy`` and ``seen.parquet``."""
    np.save(folder / SEEN, seen.hashes)
    write_table(folder / SEEN_PLACES, seen.places)


def read_seen(run: RunFolder) -> Seen:
    """Return what a run has seen.

    Raises
    ------
    UserError
        Where a file is absent or damaged.
    """
    again = "Train it again."
    path = run.path / SEEN
    try:
        hashes = np.load(path)
        path = run.path / SEEN_PLACES
        places = pd.read_parquet(path)[COLUMNS]
    except FileNotFoundError as error:
        why = "is missing: the run is not whole, or an earlier version wrote it"
        raise UserError(why, where=path, fix=again) from error
    except (OSError, ValueError, EOFError, KeyError) as error:
        raise UserError("cannot be read: it is truncated or damaged", where=path, fix=again) from error
    return Seen(hashes, places)


def _merged(places: pd.DataFrame) -> pd.DataFrame:
    """Return the stretches that these intervals cover, by genome, chromosome and start."""
    places = places.assign(cluster=cluster_starts(*on_one_axis(places)))
    by_cluster = places.groupby("cluster", sort=False)
    how = {"genome": "first", "chrom": "first", "start": "min", "end": "max"}
    return by_cluster.agg(how).sort_values(COLUMNS[:3]).reset_index(drop=True)
