"""VCF files, plain, gzip or bgzip, record by record; https://samtools.github.io/hts-specs/VCFv4.3.pdf."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from cislearn.errors import UserError
from cislearn.genome.stream import is_text, not_text, read_chunks

COLUMNS = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
LONGEST_NUMBER = 15
"""Digits of a position, at most."""
_REF = re.compile(r"[ACGTNRYSWKMBDHV]+", re.IGNORECASE)
_ALT = re.compile(
    r"[ACGTNRYSWKMBDHV]+|\*|\.|[ACGTN]*<[^<>\s]+>[ACGTN]*|[ACGTN.]*[\[\]][^\[\]\s]+[\[\]][ACGTN.]*"
    r"|\.[ACGTN]+|[ACGTN]+\.",
    re.IGNORECASE,
)
"""Bases; an overlapping deletion; none; a symbol, or an assembled contig that is inserted; ends of a breakpoint, or one
without a partner."""


class Record(NamedTuple):
    """One line of a VCF file.

    Parameters
    ----------
    line : int
        Its 1-based number.
    chrom, identifier, ref : str
        As they stand there.
    position : int
        POS: the 1-based position of the first base of REF; 0 is the telomere before it.
    alts : tuple of str
        The alleles of ALT, in order; ``"."`` where there is none.
    text : str
        The whole line.
    """

    line: int
    chrom: str
    position: int
    identifier: str
    ref: str
    alts: tuple[str, ...]
    text: str


def read_header(path: Path) -> list[str]:
    """Return the lines of the header, of which the last one names the columns.

    Raises
    ------
    UserError
        As `cislearn.genome.stream.read_chunks`, and where there is no such header.
    """
    header: list[str] = []
    for number, line in _lines(path):
        if number == 1 and not line.startswith("##fileformat=VCFv4"):
            raise _no_header(path, number, f"begins with {line[:40]!r}")
        if not line.startswith("#"):
            raise _no_header(path, number, "has no line #CHROM before the first variant")
        header.append(line)
        if line.startswith("#CHROM"):
            _check_columns(line, path, number)
            return header
    raise _no_header(path, len(header), "ends without a line #CHROM")


def read_records(path: Path, n: int) -> Iterator[list[Record]]:
    """Yield the records of a VCF file in order, `n` at a time.

    They need not be sorted. An ALT that is no sequence (``<DEL>``, ``*``, a breakend) is read as it stands.

    Raises
    ------
    UserError
        With file and line: no header, no record, a row of another width than the header, a position that is no whole
        number, a REF or ALT that is not as the format has it.
    """
    header = read_header(path)
    width, records, found = header[-1].count("\t") + 1, list[Record](), False
    for number, line in _lines(path):
        if number <= len(header) or not line:
            continue
        records.append(_record(line, number, width, path))
        if len(records) == n:
            yield records
            records, found = [], True
    if records:
        yield records
    elif not found:
        raise UserError("holds no variant", where=path, fix="Variants stand below the line #CHROM.")


def split_alleles(records: Iterable[Record]) -> pd.DataFrame:
    """Return a row for each allele of ALT: line, chrom, pos, id, ref, alt, and whether it is the record's first."""
    rows = [
        (each.line, each.chrom, each.position, each.identifier, each.ref, alt, number == 0)
        for each in records
        for number, alt in enumerate(each.alts)
    ]
    return pd.DataFrame(rows, columns=["line", "chrom", "pos", "id", "ref", "alt", "is_first"])


def _record(line: str, number: int, width: int, path: Path) -> Record:
    fields = line.split("\t")
    if len(fields) != width:
        raise UserError(
            f"has {len(fields)} column{'s' * (len(fields) != 1)}, while the line #CHROM has {width}",
            where=path,
            line=number,
            fix="Columns are separated by tabs; check whether the file is truncated.",
        )
    chrom, position, identifier, ref, alt = fields[:5]
    if not chrom or chrom != chrom.strip():
        raise UserError(f"the chromosome is {chrom!r}", where=path, line=number, fix="Column 1 names it.")
    alts = tuple(alt.split(","))
    for name, allele, form in (("REF", ref, _REF), *(("ALT", each, _ALT) for each in alts)):
        if not form.fullmatch(allele):
            fix = "An allele is made of A, C, G, T and N; a deletion is written with the base before it."
            raise UserError(f"{name} {allele[:40]!r} is no allele", where=path, line=number, fix=fix)
    return Record(number, chrom, _position(position, path, number), identifier, ref, alts, line)


def _position(text: str, path: Path, line: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER):
        fix = "Column 2 is counted from 1; 0 is a telomere."
        raise UserError(f"position {text[:40]!r} is no whole number", where=path, line=line, fix=fix)
    return int(text)


def _check_columns(line: str, path: Path, number: int) -> None:
    names = line.split("\t")
    if tuple(names[: len(COLUMNS)]) != COLUMNS:
        raise UserError(
            f"the columns are {', '.join(names[:8])[:80]}; {', '.join(COLUMNS)} were expected",
            where=path,
            line=number,
            fix="They are separated by tabs.",
        )


def _no_header(path: Path, line: int, problem: str) -> UserError:
    return UserError(
        f"{problem}, where the header of a VCF file was expected",
        where=path,
        line=line,
        fix="Its first line is ##fileformat=VCFv4.2, and a line #CHROM names the columns; bcftools view writes both.",
    )


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines and their 1-based numbers, without the line ends."""
    carry, number = b"", 0
    for index, chunk in enumerate(read_chunks(path)):
        if not is_text(chunk):
            raise not_text(path)
        *whole, carry = (carry + (chunk if index else chunk.removeprefix(codecs.BOM_UTF8))).split(b"\n")
        for line in whole:
            number += 1
            yield number, line.rstrip(b"\r").decode("utf-8", "replace")
    if carry:
        yield number + 1, carry.rstrip(b"\r").decode("utf-8", "replace")
