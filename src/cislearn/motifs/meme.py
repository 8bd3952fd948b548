"""Motif files in MEME's minimal format, version 4: https://meme-suite.org/meme/doc/meme-format.html."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from cislearn.errors import UserError
from cislearn.motifs.matrix import Motif

TOLERANCE = 0.01
"""How far from 1 the probabilities of a position may add up, before they are scaled to 1."""

SITES = 20
"""Sites of a motif whose file does not say: what MEME assumes."""


END_OF_MATRIX = ("MOTIF", "URL", "---", "letter-probability", "log-odds")
"""What may follow the rows of a matrix, beside a blank line."""


class _Lines(Iterator[str]):
    """Lines of a file without white space around them; knows where it is and says so in errors."""

    def __init__(self, lines: Iterable[str], where: str | Path) -> None:
        self._lines, self.where, self.number = [line.strip() for line in lines], where, 0

    def __next__(self) -> str:
        if self.number == len(self._lines):
            raise StopIteration
        self.number += 1
        return self._lines[self.number - 1]

    def put_back(self) -> None:
        self.number -= 1

    def error(self, problem: str, *, fix: str | None = None, line: int | None = None) -> UserError:
        return UserError(problem, where=self.where, line=line or self.number, fix=fix)


def read_meme(path: str | Path) -> list[Motif]:
    """Read all motifs of a MEME file, plain or .gz, in its order.

    Probabilities are scaled to add up to exactly 1. Blocks other than ``letter-probability matrix`` are passed over.

    Raises
    ------
    UserError
        With file and line: an empty file, one that is not MEME 4, another alphabet than ACGT, a row that is not four
        probabilities adding up to 1, a matrix with fewer rows than it announces, no motif at all.
    """
    try:
        content = Path(path).read_bytes()
        text = (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode()
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(
            f"cannot be read: {reason}", where=path, fix="Check the name, or fetch the file again."
        ) from error
    except UnicodeDecodeError as error:
        raise UserError("is not a text file", where=path, fix="Give motifs in MEME format.") from error
    return list(parse_meme(text.splitlines(), where=path))


def parse_meme(lines: Iterable[str], *, where: str | Path) -> Iterator[Motif]:
    """Motifs of the lines of a MEME file; `where` names the file in errors, which are those of `read_meme`."""
    source = _Lines(lines, where)
    _check_version(source)
    names: list[str] = []
    n_motifs = 0
    for line in source:
        if line.startswith("ALPHABET"):
            _check_alphabet(line, source)
        elif line.startswith("MOTIF"):
            names = line.split()[1:]
            if not names:
                raise source.error("a motif without a name", fix="Write: MOTIF identifier name")
        elif line.startswith("letter-probability matrix"):
            if not names:
                raise source.error("a matrix before any MOTIF line", fix="Write MOTIF and its name above each matrix.")
            yield _read_motif(names, line, source)
            n_motifs += 1
    if not n_motifs:
        raise source.error("holds no motif", fix="Motifs stand as a MOTIF line and a letter-probability matrix.")


def _check_version(source: _Lines) -> None:
    first = next((line for line in source if line and not line.startswith("#")), None)
    if first is None:
        raise UserError("is empty", where=source.where, fix="Give motifs in MEME format.")
    version = re.match(r"MEME version (\d+)", first)
    if version is None:
        raise source.error(f"does not start with 'MEME version 4' but with {first[:40]!r}", fix="Give MEME format.")
    if int(version[1]) < 4:
        raise source.error(
            f"MEME version {version[1]} is not read", fix="Convert the file to version 4 with meme2meme."
        )


def _check_alphabet(line: str, source: _Lines) -> None:
    alphabet = line.removeprefix("ALPHABET").lstrip("= ").split()[:1]
    if alphabet not in (["ACGT"], ['"DNA"']):
        raise source.error(
            f"the alphabet is {' '.join(alphabet) or 'not given'}; ACGT was expected", fix="Give DNA motifs."
        )


def _read_motif(names: list[str], header: str, source: _Lines) -> Motif:
    first = source.number
    values = dict(re.findall(r"(\w+)= *(\S+)", header))
    if values.get("alength", "4") != "4":
        raise source.error(f"alength is {values['alength']}; 4 was expected", fix="Give DNA motifs.")
    try:
        width, n_sites = int(values["w"]) if "w" in values else None, float(values.get("nsites", SITES))
    except ValueError as error:
        raise source.error(f"w or nsites is not a number in {header!r}") from error
    if not 0 < n_sites < np.inf:
        raise source.error(
            f"nsites is {n_sites:g}", fix=f"Give the number of sites, or none: then {SITES} are assumed."
        )
    rows = _read_rows(source)
    if len(rows) != (width or max(1, len(rows))):
        raise source.error(f"{names[0]} has {len(rows)} rows where w= {width or '(not given)'} stands", line=first)
    return Motif(names[1] if len(names) > 1 else names[0], names[0], np.array(rows).T.copy(), n_sites)


def _read_rows(source: _Lines) -> list[np.ndarray]:
    """All rows up to the end of the matrix, however many were announced."""
    rows: list[np.ndarray] = []
    for line in source:
        if not line or line.startswith(END_OF_MATRIX):
            source.put_back()
            break
        rows.append(_read_row(line, source))
    return rows


def _read_row(line: str, source: _Lines) -> np.ndarray:
    try:
        row = np.array([float(word) for word in line.split()])
    except ValueError as error:
        raise source.error(f"not a row of probabilities: {line[:40]!r}") from error
    if len(row) != 4:
        raise source.error(f"{len(row)} probabilities in a row; 4 were expected (A C G T)")
    if not (row >= 0).all() or abs(row.sum() - 1) > TOLERANCE:
        raise source.error(f"the probabilities of a position add up to {row.sum():g}; 1 was expected")
    return row / row.sum()
