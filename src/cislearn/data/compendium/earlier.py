"""A compendium that is there already, to which further cells are added."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cislearn.data.compendium.piles import Piles
from cislearn.data.dataset import Dataset, read_dataset
from cislearn.errors import UserError
from cislearn.genome.token_genome import Genome

OVERLAP = "merge_overlap"
"""The option that tells a compendium from other datasets."""
_LABELS_AT_ONCE = 1 << 24


def read_earlier(path: Path | str) -> Dataset:
    """Open a dataset that ``prepare --compendium`` wrote.

    Raises
    ------
    UserError
        Where it is another dataset: in a compendium each window is active somewhere and labelled for all tasks.
    """
    dataset = read_dataset(path)
    if OVERLAP not in dataset.provenance.get("options", {}):
        raise UserError(
            "is a dataset, but no compendium: cells can be added only where every window is labelled for every task",
            where=Path(path),
            fix="Make one with: cislearn prepare --compendium ...",
        )
    return dataset


def genome_of(dataset: Dataset) -> tuple[str, Genome]:
    """Name and genome of a compendium."""
    ((name, genome),) = dataset.sequences.genomes.items()  # type: ignore[attr-defined]
    return name, genome


def add_windows(piles: Piles, dataset: Dataset) -> None:
    """Put the windows of a compendium on the piles, with all cells that they are active in."""
    step = max(1, _LABELS_AT_ONCE // len(dataset.spec.tasks))
    for (chrom, strand), loci in dataset.loci.groupby(["chrom", "strand"], sort=False):
        rows, start = loci.index.to_numpy(), loci["start"].to_numpy(np.int64)
        for first in range(0, len(rows), step):
            part = slice(first, first + step)
            window, cell = np.nonzero(dataset.labels[rows[part]] == 1)
            piles.add(str(chrom), str(strand), start[part][window], cell)
