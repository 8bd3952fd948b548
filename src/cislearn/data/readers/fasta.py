"""FASTA files of windows, with loci where the headers tell them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from cislearn.data.entries import Entries, Ragged, fit_loci, rows_table
from cislearn.genome.fasta import read_fasta

LOCUS = (
    r"(?P<chrom>[^\s:=|]+|[^\s:=]+\|(?=:)):(?P<start>[\d,]+)-(?P<end>[\d,]+)"
    r"(?:\((?P<strand>[+-])\)|(?P<turned>/rc)(?!\S)|.*?\sstrand=(?P<told>[+-]))?"
)
"""``chr1:714123-714224``, with thousands separators or a strand if there are any.

What stands before the chromosome (``range=``, ``name|``) is not of its name, which may end with ``|`` all the same. The
strand is written ``(-)`` by bedtools, ``/rc`` by samtools and ``strand=-`` by the UCSC Genome Browser.
"""


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
    turned = found["turned"].map({"/rc": "-"})
    strand = found["strand"].fillna(found["told"]).fillna(turned).fillna(".")
    return {"chrom": found["chrom"].fillna(""), **numbers, "strand": strand}
