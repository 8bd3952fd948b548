"""Vectors of words in a folder: a table for each length of word as safetensors, the rest as JSON."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from jaxtyping import Float
from safetensors.torch import load_file, save_file
from torch import Tensor

from cislearn.atomic import file_written_whole, folder_written_whole, write_json
from cislearn.errors import UserError
from cislearn.kmers.words import spell, unknown_word
from cislearn.tables import write_table
from cislearn.version import __version__

FORMAT = 1
MARKER = "kmers.json"
TABLES = "kmers.safetensors"


@dataclass(frozen=True)
class KmerVectors:
    """Vectors of all words of one length or of several.

    Parameters
    ----------
    tables : dict
        By k, in rising order, a tensor of shape (4^k + 1, dim): by the number of the word, that of words with N last.
    about : dict
        What they were learned from and how.
    """

    tables: dict[int, Float[Tensor, "words dim"]]
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """Of the numbers alone."""
        digest = hashlib.blake2b(digest_size=16)
        for k, table in sorted(self.tables.items()):
            digest.update(f"{k} {tuple(table.shape)}".encode() + table.contiguous().numpy().tobytes())
        return digest.hexdigest()

    def write(self, folder: Path, *, overwrite: bool = False) -> None:
        """Write ``kmers.safetensors``, ``kmers.json`` and, for each k, ``words_K.tsv``, whole or not at all.

        Raises
        ------
        UserError
            Where the folder is taken.
        """
        with folder_written_whole(folder, marker=MARKER, overwrite=overwrite) as partial:
            with file_written_whole(partial / TABLES) as path:
                save_file({str(k): table.contiguous() for k, table in self.tables.items()}, path)
            for k, table in self.tables.items():
                write_table(partial / f"words_{k}.tsv", _as_table(table, k))
            values = {"format": FORMAT, "cislearn": __version__, "hash": self.hash, **self.about}
            write_json(partial / MARKER, values | {"words": {str(k): [*spell(k), "N"] for k in self.tables}})


def _as_table(table: Float[Tensor, "words dim"], k: int) -> pd.DataFrame:
    """A row a word: the word, how many of its bases are G or C, and its numbers; words with N are none."""
    words = spell(k)
    numbers = pd.DataFrame(table[: len(words)].cpu().numpy()).add_prefix("v")
    return pd.concat([pd.DataFrame({"word": words, "gc": [sum(map(w.count, "GC")) for w in words]}), numbers], axis=1)


def read_vectors(folder: Path) -> KmerVectors:
    """Read vectors that `KmerVectors.write` wrote.

    Raises
    ------
    UserError
        Where they are absent, cut short, or of another format.
    """
    if not (folder / MARKER).is_file():
        raise UserError(
            f"holds no vectors of words (no {MARKER})", where=folder, fix="cislearn embed DATASET --out FOLDER"
        )
    try:
        about = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        tables = {int(k): table for k, table in load_file(folder / TABLES).items()}
    except Exception as error:  # safetensors raises its own class
        raise UserError(f"is not whole: {error}", where=folder, fix="Learn the vectors again.") from error
    if about.pop("format", None) != FORMAT:
        raise UserError(f"is of another format; this cislearn {__version__} reads format {FORMAT}", where=folder)
    for k, table in tables.items():
        if table.dim() != 2 or len(table) != unknown_word(k) + 1:
            raise UserError(f"has a table of shape {tuple(table.shape)} for words of {k} bases", where=folder)
    for key in ("cislearn", "hash", "words"):
        about.pop(key, None)
    return KmerVectors(dict(sorted(tables.items())), about)
