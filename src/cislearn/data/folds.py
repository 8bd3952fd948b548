"""Folds: which chromosomes are for training, validation and testing, from a JSON file or as a mapping."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cislearn.data.parts import PART_NAMES
from cislearn.errors import UserError, nearest

EXAMPLE = '{"train": ["chr2", "chr4"], "valid": ["chr8"], "test": ["chr1", "chr3"]}'


def read_folds(path: Path) -> dict[str, list[str]]:
    """Read ``{"train": ["chr1", ...], "valid": [...], "test": [...]}``, the format of the chromBPNet and BPNet tools.

    Raises
    ------
    UserError
        Where the file is absent, is no JSON, or `check_folds` refuses what it holds.
    """
    try:
        folds = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError("no such file", where=path, fix=f"Give a JSON file of folds: {EXAMPLE}") from error
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", where=path) from error
    except ValueError as error:
        raise UserError(f"is not JSON: {error}", where=path, fix=f"It should look like {EXAMPLE}") from error
    return check_folds(folds, path)


def check_folds(folds: Any, where: Path | str) -> dict[str, list[str]]:
    """Return `folds` if each part has its chromosomes and no chromosome has two parts.

    Raises
    ------
    UserError
        Where a part is missing, unknown, empty or no list of names, or a chromosome is there twice.
    """
    fix = f"It should look like {EXAMPLE}"
    if not isinstance(folds, dict):
        raise UserError(f"holds {type(folds).__name__}, no parts with their chromosomes", where=where, fix=fix)
    for key in folds:
        if key not in PART_NAMES:
            raise UserError(f"part {key!r} is not known{nearest(str(key), PART_NAMES)}", where=where, fix=fix)
    part_of: dict[str, str] = {}
    for part in PART_NAMES:
        if part not in folds:
            raise UserError(f"part {part!r} is missing", where=where, fix=fix)
        names = folds[part]
        if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
            raise UserError(f"{part} is {names!r}, no list of names of chromosomes", where=where, fix=fix)
        if not names:
            raise UserError(f"{part} has no chromosome", where=where, fix=fix)
        for name in names:
            if name in part_of:
                there = f"twice in {part}" if part_of[name] == part else f"in {part_of[name]} and in {part}"
                raise UserError(f"chromosome {name!r} is {there}", where=where, fix="Keep it in one place.")
            part_of[name] = part
    return {part: list(folds[part]) for part in PART_NAMES}
