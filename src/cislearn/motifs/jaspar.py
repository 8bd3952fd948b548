"""The JASPAR 2024 CORE vertebrates collection, packaged (CC BY 4.0; see NOTICE)."""

from __future__ import annotations

import gzip
from functools import cache
from importlib.resources import files

from cislearn.errors import UserError
from cislearn.motifs.matrix import Motif
from cislearn.motifs.meme import parse_meme

FILE = "jaspar2024_core_vertebrates.meme.gz"


def jaspar(identifier: str) -> Motif:
    """Return the motif of a JASPAR identifier with its version, such as ``MA0062.4`` (GABPA).

    Raises
    ------
    UserError
        Where the collection has no such motif; says which one has this factor's name or is another version.
    """
    motifs = jaspar_vertebrates()
    if identifier not in motifs:
        matrix = identifier.split(".")[0]
        alike = [m for m in motifs.values() if m.name.upper() == matrix.upper() or m.identifier.split(".")[0] == matrix]
        raise UserError(
            f"JASPAR 2024 CORE vertebrates has no motif {identifier!r}"
            + "".join(f"; did you mean {motif.identifier} ({motif.name})?" for motif in alike),
            fix="Give a matrix identifier with its version, such as MA0062.4.",
        )
    return motifs[identifier]


@cache
def jaspar_vertebrates() -> dict[str, Motif]:
    """All 879 motifs by identifier; the file is read at the first call."""
    with (files("cislearn.motifs") / FILE).open("rb") as packed, gzip.open(packed, "rt") as lines:
        return {motif.identifier: motif for motif in parse_meme(lines, where=FILE)}
