"""FASTA files of windows, with loci where the headers tell them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from cislearn.data.entries import Entries, Ragged, fit_loci, rows_table
from cislearn.genome.fasta import read_fasta

LOCUS = r"(?P<chrom>[^\s:]+):(?P<start>[\d,]+)-(?P<end>[\d,]+)(?:\((?P<strand>[+-])\))?"
"""``chr1:714123-714224``, with thousands separators or a strand (``bedtools getfasta -s``) if there are any."""


def read_fasta_file(path: Path) -> Entries:
    """Sequences of a FASTA file; a header with ``chrom:start-end`` that fits the length gives the locus.

    Coordinates are 0-based half-open, or 1-based if that fits all of the file; a locus that fits neither is left out,
    and the row's note says so.
    """
    records = list(read_fasta(path))
    sequences = Ragged.of([record.tokens for record in records])
    headers = pd.Series([f"{record.name} {record.description}" for record in records], dtype=object)
    rows = rows_table(
        len(records),
        name=[record.name for record in records],
        line=[record.line for record in records],
        **parse_loci(headers),
    )
    has_uracil = any(record.has_uracil for record in records)
    return Entries(path, fit_loci(rows, sequences.lengths), sequences, has_uracil=has_uracil)


def parse_loci(text: pd.Series) -> dict[str, pd.Series]:
    """Columns chrom, start, end, strand of the first locus in each text; the defaults where there is none."""
    found = text.str.extract(LOCUS)
    numbers = {
        side: pd.to_numeric(found[side].str.replace(",", "")).fillna(-1).astype("int64") for side in ("start", "end")
    }
    return {"chrom": found["chrom"].fillna(""), **numbers, "strand": found["strand"].fillna(".")}
