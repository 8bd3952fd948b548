"""FASTA files, streamed: a record of 250 million bases needs no more memory than a chunk of it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from cislearn.errors import UserError
from cislearn.genome.stream import is_text, not_text, read_chunks
from cislearn.sequence.tokens import INVALID, LOOKUP, URACIL, invalid_letter

_BLANK = b"\n\r\t "
_LONGEST_HEADER = 1 << 20
_URACIL = [letter.encode() for letter in URACIL]
_NOT_A_BASE = re.compile(b"[^%s%s]" % (bytes(i for i in range(256) if LOOKUP[i] != INVALID), _BLANK))


class FastaRecord(NamedTuple):
    """One sequence.

    Parameters
    ----------
    name : str
        The first word of the header.
    description : str
        What follows it.
    tokens : UInt8 array, shape (length,)
        A0 C1 G2 T3 N4; soft-masked (lower-case) bases as any others.
    line : int
        The 1-based line of the header.
    has_uracil : bool
        Whether a T was written as U.
    """

    name: str
    description: str
    tokens: UInt8[np.ndarray, " length"]
    line: int
    has_uracil: bool = False


class FastaHeader(NamedTuple):
    """A record begins: its name, the rest of the header and the 1-based line."""

    name: str
    description: str
    line: int


class FastaBases(NamedTuple):
    """Some of the bases of the record that the last header began, how many are soft-masked, and whether one is U."""

    tokens: UInt8[np.ndarray, " length"]
    n_soft_masked: int
    has_uracil: bool = False


def read_fasta(path: str | Path) -> Iterator[FastaRecord]:
    """Yield the records of a FASTA file, plain, gzip or bgzip, in order.

    Duplicate names are the caller's matter.

    Raises
    ------
    UserError
        With file and line: an empty, truncated or binary file, one that does not begin with ``>``, a header without a
        name, a record without a sequence, a letter that is no DNA base.
    """
    header, pieces = None, list[FastaBases]()
    for event in parse_fasta(read_chunks(path), where=path):
        if isinstance(event, FastaBases):
            pieces.append(event)
            continue
        if header:
            yield _record(header, pieces)
        header, pieces = event, []
    if header:
        yield _record(header, pieces)


def parse_fasta(chunks: Iterable[bytes], *, where: str | Path) -> Iterator[FastaHeader | FastaBases]:
    """Yield headers and runs of bases of a FASTA text that comes in chunks of any size.

    Parameters
    ----------
    chunks : iterable of bytes
        The text.
    where : str or Path
        The file, for messages.

    Raises
    ------
    UserError
        As `read_fasta`.
    """
    header: FastaHeader | None = None
    line, n_bases = 1, 0
    for is_header, text in _pieces(chunks, where):
        if is_header:
            _check_filled(header, n_bases, where)
            header, n_bases = _header(text, where, line), 0
            yield header
            line += 1
            continue
        if header is None and text.strip():
            raise _not_fasta(text, where, line + text[: -len(text.lstrip())].count(b"\n"))
        bases = _bases(text, where, line, n_bases)
        line += text.count(b"\n")
        n_bases += len(bases.tokens)
        if len(bases.tokens):
            yield bases
    _check_filled(header, n_bases, where)
    if header is None:
        raise UserError("holds nothing but blank lines", where=where, fix="Give a FASTA file with sequences.")


def _pieces(chunks: Iterable[bytes], where: str | Path) -> Iterator[tuple[bool, bytes]]:
    """Header lines, whole and without their ``>``, and runs of other lines, cut wherever a chunk ends."""
    carry, at_line_start = b"", True
    for index, chunk in enumerate(chunks):
        text, start, carry = carry + (chunk if index else chunk.removeprefix(codecs.BOM_UTF8)), 0, b""
        while start < len(text):
            if at_line_start and text.startswith(b">", start):
                stop = text.find(b"\n", start) + 1
                if not stop:
                    carry = _unfinished_header(text[start:], where)
                    break
                yield True, text[start + 1 : stop]
            else:
                stop = text.find(b"\n>", start) + 1 or len(text)
                yield False, text[start:stop]
                at_line_start = text.endswith(b"\n", start, stop)
            start = stop
    if carry:
        yield True, carry[1:]


def _unfinished_header(text: bytes, where: str | Path) -> bytes:
    if len(text) > _LONGEST_HEADER:
        raise UserError(
            f"a header has more than {_LONGEST_HEADER:,} characters",
            where=where,
            fix="Check the line ends of the file.",
        )
    return text


def _header(text: bytes, where: str | Path, line: int) -> FastaHeader:
    words = text.decode("utf-8", "replace").split(maxsplit=1)
    if not words:
        raise UserError("a header has no name", where=where, line=line, fix="Write >name before each sequence.")
    return FastaHeader(words[0], "".join(words[1:]).strip(), line)


def _bases(text: bytes, where: str | Path, line: int, n_before: int) -> FastaBases:
    tokens = text.translate(LOOKUP, _BLANK)
    if INVALID in tokens:
        found = _NOT_A_BASE.search(text)
        assert found is not None
        if not is_text(text):
            raise not_text(where)
        position = n_before + tokens.find(INVALID) + 1
        letter = text[found.start() : found.end()].decode("latin-1")
        raise invalid_letter(letter, position, where=where, line=line + text.count(b"\n", 0, found.start()))
    n_soft_masked = int(np.count_nonzero(np.frombuffer(text, dtype=np.uint8) >= ord("a")))
    return FastaBases(np.frombuffer(tokens, dtype=np.uint8), n_soft_masked, any(letter in text for letter in _URACIL))


def _record(header: FastaHeader, pieces: list[FastaBases]) -> FastaRecord:
    tokens = np.concatenate([piece.tokens for piece in pieces])
    has_uracil = any(piece.has_uracil for piece in pieces)
    return FastaRecord(header.name, header.description, tokens, header.line, has_uracil)


def _check_filled(header: FastaHeader | None, n_bases: int, where: str | Path) -> None:
    if header is not None and n_bases == 0:
        raise UserError(
            f"record {header.name} has no sequence",
            where=where,
            line=header.line,
            fix="Take the header out, or check whether the file is truncated.",
        )


def _not_fasta(text: bytes, where: str | Path, line: int) -> UserError:
    if not is_text(text):
        return not_text(where)
    first = text.strip().splitlines()[0].decode("utf-8", "replace")
    fields = first.split()
    if len(fields) >= 3 and fields[1].isdigit() and fields[2].isdigit():
        fix = "This looks like BED or peaks: give it as regions, together with the genome."
    else:
        fix = "In a FASTA file each sequence stands below a line >name."
    return UserError(f"a FASTA file begins with '>', not with {first[:40]!r}", where=where, line=line, fix=fix)
