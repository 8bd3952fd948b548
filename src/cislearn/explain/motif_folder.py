"""The folder of found motifs: ``motifs.meme``, their tables, and what was done in ``motifs.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cislearn.atomic import write_json
from cislearn.explain.found import Found
from cislearn.motifs.writing import write_meme
from cislearn.tables import write_table
from cislearn.version import __version__

MARKER, MEME, TABLE, MATCHES, SPACING = "motifs.json", "motifs.meme", "motifs.tsv", "matches.tsv", "spacing.tsv"


def write_found(folder: Path, found: Found, about: dict[str, Any]) -> None:
    """Write motifs and tables into a folder; `about` says where they come from."""
    write_meme(folder / MEME, found.motifs)
    write_table(folder / TABLE, found.table)
    write_table(folder / MATCHES, found.matches)
    for name, table in found.further.items():
        write_table(folder / name, table)
    values = about | found.about
    share = values["unmatched"]
    write_json(folder / MARKER, {"cislearn": __version__} | values | {"unmatched": None if share != share else share})
