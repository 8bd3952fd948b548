"""Windows of the published DANN_TF files as tables: chrom, start, end, sequence."""

from __future__ import annotations

from bisect import bisect_left
from pathlib import Path

import pandas as pd

from cislearn.data.readers import read_examples
from cislearn.errors import UserError
from cislearn.sequence.tokens import decode

CELLS = ("GM12878", "H1-hESC", "HeLa-S3", "HepG2", "K562")
OTHERS = ("CTCF", "JunD", "USF2")
"""Factors beside GABP whose windows are known in all cell types."""
LENGTH = 101
"""Of every window, in bp."""
CHROMOSOME = "chr1"
"""On it lie all published negatives."""
PLACE = ["chrom", "start", "end", "sequence"]


def gabp_windows(files: Path, cell: str, *, positive: bool) -> pd.DataFrame:
    """Return the published windows of GABP in a cell type, its positives or its negatives."""
    entries = read_examples(there(files / cell / f"GABP{'' if positive else '_back'}.fasta.gz"))
    assert entries.sequences is not None
    sequences = [decode(tokens) for tokens in entries.sequences.windows(LENGTH)]
    return entries.rows[["chrom", "start", "end"]].assign(sequence=sequences)


def all_windows(files: Path) -> pd.DataFrame:
    """Return all distinct windows of four factors in five cell types, with a column ``FACTOR_CELL`` (0, 1) a pair."""
    return pd.read_csv(there(files / "multitask_windows.tsv.gz"), sep="\t")


def bound_by_others(windows: pd.DataFrame, cell: str) -> pd.DataFrame:
    """Return those of `all_windows` that another factor binds in a cell type and GABP does not, in random order."""
    by_others = windows[[f"{factor}_{cell}" for factor in OTHERS]].eq(1).any(axis=1)
    return windows[by_others & (windows[f"GABP_{cell}"] == 0)].sample(frac=1, random_state=0)


def apart(windows: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Return the windows, in their order, that overlap neither one of `others` nor a window kept before them."""
    taken = {str(chrom): sorted(group["start"]) for chrom, group in others.groupby("chrom")}
    keep = []
    for chrom, start in zip(windows["chrom"], windows["start"], strict=True):
        starts = taken.setdefault(chrom, [])
        place = bisect_left(starts, start)
        is_free = all(abs(start - near) >= LENGTH for near in starts[max(0, place - 1) : place + 1])
        if is_free:
            starts.insert(place, start)
        keep.append(is_free)
    return windows[keep]


def there(path: Path) -> Path:
    """Return a path that is there.

    Raises
    ------
    UserError
        Where it is not.
    """
    if not path.is_file():
        raise UserError("no such file", where=path, fix="Give --files with the folder that holds dann_tf/.")
    return path
