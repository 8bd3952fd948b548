"""What kind of file is this? Told from its first lines."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

from cislearn.data.entries import Entries
from cislearn.data.readers.fasta import LOCUS, read_fasta_file
from cislearn.data.readers.load import PARQUET_MAGIC, separator_of, split_comment, split_line
from cislearn.data.readers.regions import read_regions
from cislearn.data.readers.table import find_roles, has_header, read_table
from cislearn.errors import UserError
from cislearn.genome.intervals import is_comment
from cislearn.genome.stream import is_text, not_text, read_chunks


class Format(StrEnum):
    """Formats that hold examples."""

    fasta = "fasta"
    regions = "regions"
    table = "table"


def recognise(path: Path) -> Format:
    """Return the format of a file (plain or gzip) by its first line that is no comment, and the header above it.

    Raises
    ------
    UserError
        Where it is empty, truncated or nothing of what is known.
    """
    start = next(read_chunks(path))
    if start.startswith(PARQUET_MAGIC):
        return Format.table
    if not is_text(start):
        raise not_text(path)
    comments = []
    for number, line in enumerate(start.decode("utf-8-sig", "replace").splitlines(), 1):
        if line.startswith(">"):
            return Format.fasta
        if is_comment(line):
            comments.append(line)
        elif line.strip():
            is_table = has_header(split_line(line, separator_of(line))) or any(_is_header(c, line) for c in comments)
            return Format.table if is_table else _region_or_refuse(path, line, number)
    raise UserError("holds nothing but comments and blank lines", where=path, fix="Check how it was made.")


def read_examples(path: Path) -> Entries:
    """Read loci or sequences, without labels, from FASTA, BED, narrowPeak, broadPeak, DeepBind's .seq or a table.

    Raises
    ------
    UserError
        With file and line, where the file cannot be read as what it is.
    """
    path = Path(path)
    found = recognise(path)
    if found is Format.fasta:
        return read_fasta_file(path)
    return read_regions(path) if found is Format.regions else read_table(path, labelled=False)


def _is_header(comment: str, row: str) -> bool:
    """Whether a comment is the header of the `row` below it, and not words of which one happens to be `region`."""
    names = split_comment(comment, row)
    roles = find_roles(names)
    if "locus" in roles and not {"sequence", "start"} & roles.keys():
        return bool(re.search(LOCUS, split_line(row, separator_of(row))[names.index(roles["locus"])]))
    return has_header(names)


def _region_or_refuse(path: Path, line: str, number: int) -> Format:
    fields = line.split()
    if len(fields) >= 3 and (fields[1].lstrip("-").isdigit() or fields[2].lstrip("-").isdigit()):
        return Format.regions
    raise UserError(
        f"is neither FASTA, BED, a peak file nor a table with a header; it begins with {line.strip()[:40]!r}",
        where=path,
        line=number,
        fix="A table needs a first line that names a column `sequence`, or `chrom`, `start` and `end`.",
    )
