"""Predictions as BED, for genome browsers and interval tools."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from cislearn.errors import UserError
from cislearn.schema import DataSpec
from cislearn.tables import Write, table_written_whole


@contextmanager
def bed_written_whole(path: Path, spec: DataSpec) -> Iterator[Write]:
    """Give a function that writes predictions piece by piece: region, name, score, strand, probability and reason.

    The score is the probability times 1000.

    Raises
    ------
    UserError
        Where there is more than one task, it is not binary or, once it is written, a row has no coordinates.
    """
    task, *others = spec.tasks
    if others:
        raise UserError(
            f"BED holds one task, and this model has {len(spec.tasks)}", where=path, fix="Name it .tsv or .parquet."
        )
    refusal = UserError(
        "BED needs coordinates in every row and a binary task", where=path, fix="Name it .tsv or .parquet."
    )
    if task.kind != "binary":
        raise refusal
    with table_written_whole(path, header=False, absent="nan") as write:

        def write_bed(table: pd.DataFrame) -> None:
            if (table["chrom"] == "").any():
                raise refusal
            probability = table[f"probability_{task.name}"]
            bed = table[["chrom", "start", "end"]].assign(
                name=table["name"].mask(table["name"] == "", "."),
                score=(probability * 1000).round().fillna(0).astype(int),
                strand=table["strand"],
                probability=probability,
                not_scored=table["not_scored"].mask(table["not_scored"] == "", "."),
            )
            write(bed)

        yield write_bed
