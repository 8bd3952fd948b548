"""Motifs written in MEME's minimal format, version 4."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cislearn.atomic import file_written_whole
from cislearn.errors import UserError
from cislearn.motifs.matrix import Motif

HEAD = """MEME version 4

ALPHABET= ACGT

strands: + -

Background letter frequencies
A 0.25 C 0.25 G 0.25 T 0.25
"""


def write_meme(path: Path, motifs: Iterable[Motif]) -> None:
    """Write motifs, whole or not at all; `read_meme` reads the same.

    Raises
    ------
    UserError
        Where a name has a blank in it, or the disk refuses.
    """
    with file_written_whole(path) as partial:
        partial.write_text(HEAD + "".join(_block(motif) for motif in motifs), encoding="utf-8")


def _block(motif: Motif) -> str:
    names = [motif.identifier] + ([motif.name] if motif.name != motif.identifier else [])
    if any(len(name.split()) != 1 for name in names):
        raise UserError(f"a motif cannot be called {' '.join(names)!r}: names have no blanks in MEME files")
    rows = "".join(" ".join(f"{p:.6f}" for p in position) + "\n" for position in motif.probabilities.T)
    head = f"letter-probability matrix: alength= 4 w= {motif.width} nsites= {motif.n_sites:g} E= 0\n"
    return f"\nMOTIF {' '.join(names)}\n{head}{rows}"
