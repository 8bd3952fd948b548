"""Files that appear whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cislearn.errors import UserError


@contextmanager
def file_written_whole(path: Path) -> Iterator[Path]:
    """Give a temporary name beside `path` to write to; the file takes its name when the block ends without an error.

    Raises
    ------
    UserError
        Where the disk refuses (full, read-only, no permission).
    """
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(path)
    except OSError as error:
        raise disk_refusal(path, error) from error
    finally:
        partial.unlink(missing_ok=True)


def write_json(path: Path, values: Any) -> None:
    """Write values as indented JSON, whole or not at all."""
    with file_written_whole(path) as partial:
        partial.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def disk_refusal(path: Path, error: OSError) -> UserError:
    """Return the error that tells the user that `path` cannot be written and why."""
    return UserError(
        f"cannot be written: {error.strerror or error}",
        where=path,
        fix="Give another place, or make room and permission there.",
    )
