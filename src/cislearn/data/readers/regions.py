"""BED, narrowPeak and broadPeak files as entries without sequences."""

from __future__ import annotations

from pathlib import Path

from cislearn.data.entries import Entries, rows_table
from cislearn.genome.intervals import read_intervals


def read_regions(path: Path) -> Entries:
    """Regions of an interval file, with their summits where it has them."""
    intervals = read_intervals(path)
    columns = ["name", "chrom", "start", "end", "strand", "summit", "line"]
    return Entries(path, rows_table(len(intervals), **{column: intervals[column].to_numpy() for column in columns}))
