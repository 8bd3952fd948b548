"""The file that makes a dataset's folder whole: what format it has, and how large each file was when it was written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cislearn.errors import UserError

FORMAT = 1
MARKER = "dataset.json"


def read_marker(path: Path) -> dict[str, Any]:
    """Return what ``dataset.json`` says.

    Raises
    ------
    UserError
        Where the folder is absent or no dataset, or of another format.
    """
    if not path.is_dir():
        raise UserError("there is no such folder", where=path, fix="Make a dataset with: cislearn prepare --out ...")
    if not (path / MARKER).is_file():
        raise UserError(f"is not a dataset: it has no {MARKER}", where=path, fix="Prepare it again.")
    try:
        content: dict[str, Any] = json.loads((path / MARKER).read_text())
        version = content["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError("cannot be read as JSON of a dataset", where=path / MARKER, fix="Prepare it again.") from error
    if version != FORMAT:
        raise UserError(
            f"has format {version}; this version of cislearn reads format {FORMAT}",
            where=path / MARKER,
            fix="Prepare it again, or use the version that wrote it.",
        )
    return content


def check_sizes(path: Path, sizes: Mapping[str, int]) -> None:
    """Refuse a folder with a file that has not the size it was written with.

    Raises
    ------
    UserError
        With the file.
    """
    for name, expected in sizes.items():
        file = path / name
        if not file.is_file():
            raise UserError("is missing: the dataset is not whole", where=file, fix="Prepare it again.")
        if file.stat().st_size != expected:
            raise UserError(
                f"has {file.stat().st_size:,} bytes, {expected:,} were written: it is truncated or changed",
                where=file,
                fix="Prepare it again.",
            )
