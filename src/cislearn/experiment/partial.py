"""A run while it is trained: its folder has another name, knows whose it is, and outlives a kill."""

from __future__ import annotations

import shutil
from pathlib import Path

from cislearn.atomic import file_written_whole
from cislearn.runs import RunFolder

CHECKPOINTS = "*.ckpt"
"""What a training goes on from."""


def claim_partial(folder: Path, identity: str) -> bool:
    """Make a partial run's folder this run's own; return whether another run's was removed for it.

    The folder itself stays: who is at work in it may hold its lock.
    """
    marker = folder / "identity"
    left = list(folder.iterdir()) if folder.exists() else []
    is_other = bool(left) and not (marker.is_file() and marker.read_text() == identity)
    if is_other:
        for path in left:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    with file_written_whole(marker) as partial:
        partial.write_text(identity)
    return is_other


def finish_partial(folder: RunFolder, *, replace: bool = False) -> None:
    """Remove what only a training needs, files that a kill left half-written among it, and give the folder its name.

    Parameters
    ----------
    folder : RunFolder
        Of a run that is written whole.
    replace : bool
        Whether a finished run of that name goes.
    """
    for left in [*folder.partial.glob(CHECKPOINTS), *folder.partial.glob(".*.partial-*")]:
        left.unlink()
    folder.finish(replace=replace)
