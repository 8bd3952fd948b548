"""The 2,000 windows of the textbook, and its split."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64, UInt8

from cislearn.errors import UserError
from cislearn.sequence.tokens import LOOKUP, encode, invalid_letter

SEQUENCES, LABELS = "packt_sequences_mod.txt", "packt_labels.txt"
TEST_SHARE, SPLIT_SEED, N_VALID = 0.25, 42, 150
"""The published split: a quarter for testing, and of the rest the last 150 rows for validation."""


class Windows(NamedTuple):
    """All windows with their labels, and the rows of each part."""

    tokens: UInt8[np.ndarray, "n length"]
    """A0 C1 G2 T3."""
    labels: Int64[np.ndarray, " n"]
    """0 or 1."""
    train: Int64[np.ndarray, " a"]
    valid: Int64[np.ndarray, " b"]
    test: Int64[np.ndarray, " c"]


def read_windows(folder: Path) -> Windows:
    """Read the windows and labels of a folder, and split them as published.

    Raises
    ------
    UserError
        Where a file is absent, a line is no sequence or no label, or there are not as many of one as of the other.
    """
    tokens, labels = _sequences(folder / SEQUENCES), _labels(folder / LABELS)
    if len(labels) != len(tokens):
        problem = f"has {len(labels):,} labels below its first line, and {SEQUENCES} has {len(tokens):,} windows"
        raise UserError(problem, where=folder / LABELS, fix="Take both files from one publication, unchanged.")
    return Windows(tokens, labels, *published_split(len(labels)))


def published_split(n: int) -> tuple[Int64[np.ndarray, " a"], Int64[np.ndarray, " b"], Int64[np.ndarray, " c"]]:
    """Return rows for training, validation and testing: scikit-learn's draw, and the end of the first part of it."""
    from sklearn.model_selection import train_test_split

    rest, test = train_test_split(np.arange(n), test_size=TEST_SHARE, random_state=SPLIT_SEED)
    n_valid = min(N_VALID, len(rest) // 10)
    return rest[:-n_valid], rest[-n_valid:], test


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise UserError("no such file", where=path, fix="Give --files with the folder that holds tfbs_primer/.")
    return path.read_text(encoding="ascii", errors="replace").split()


def _sequences(path: Path) -> UInt8[np.ndarray, "n length"]:
    lines = _lines(path)
    for number, line in enumerate(lines, 1):
        bad = bytes(line.encode("ascii", "replace").translate(LOOKUP)).find(255)
        if bad >= 0:
            raise invalid_letter(line[bad], bad + 1, where=path, line=number)
        if len(line) != len(lines[0]):
            problem = f"has {len(line)} bases, and the first window has {len(lines[0])}"
            raise UserError(problem, where=path, line=number, fix="Take the file as it was published.")
    return np.stack([encode(line) for line in lines])


def _labels(path: Path) -> Int64[np.ndarray, " n"]:
    """Read labels. The first line is no label: the published code reads it as the name of the column."""
    lines = _lines(path)
    for number, line in enumerate(lines, 1):
        if line not in ("0", "1"):
            raise UserError(f"{line!r} is no label", where=path, line=number, fix="Labels are 0 or 1, one a line.")
    return np.array([int(line) for line in lines[1:]], dtype=np.int64)
