"""Attributions as files that other tools read as they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cislearn.atomic import disk_refusal, file_written_whole, write_json
from cislearn.engine.environment import package_version
from cislearn.errors import UserError
from cislearn.explain.file_attributions import FileAttributions
from cislearn.genome.bigwig_writer import write_bigwig
from cislearn.tables import write_table
from cislearn.version import __version__

ONE_HOT, HYPOTHETICAL, ATTRIBUTIONS, SPREAD = (
    f"{name}.npz" for name in ("ohe", "hypothetical", "attributions", "spread")
)
TABLE, BIGWIG, RECORD = "rows.tsv", "attributions.bw", "attributions.json"
FORMAT = 1


def check_folder(out: Path, overwrite: bool) -> None:
    """Refuse a folder that holds attributions, before anything is computed.

    Raises
    ------
    UserError
        Where it does, and is not to be overwritten, or is a file.
    """
    if out.is_file():
        raise UserError("is a file; attributions go into a folder", where=out)
    if (out / RECORD).exists() and not overwrite:
        raise UserError("holds attributions already", where=out, fix="Give --overwrite, or --out another folder.")


def write_attributions(
    out: Path,
    found: FileAttributions,
    about: Mapping[str, Any],
    *,
    looked_at: str,
    chromosomes: Mapping[str, int] | None = None,
) -> list[Path]:
    """Write attributions into a folder, a row of each array for each row that was attributed or could not be.

    ``ohe.npz`` (int8), ``hypothetical.npz`` and ``attributions.npz`` (float32) have one array ``arr_0`` of shape
    (N, 4, L), rows A C G T, on the strand of the row; ``spread.npz`` one of shape (N, L). ``rows.tsv`` tells the rows,
    and where each window begins on the genome (``window_start``; -1 where it has no place there).
    ``attributions.bw`` has what each base of the genome is worth, the mean of the windows over it. With
    ``attributions.json``, which comes last, the folder is whole.

    Parameters
    ----------
    out : Path
        Made where it is absent.
    found : FileAttributions
        What was found.
    about : mapping
        What ``attributions.json`` says beside the versions.
    looked_at : str
        Where the windows come from, in words.
    chromosomes : mapping of str to int, optional
        Names and lengths (bp) of the genome on which they lie; None where there is none.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    UserError
        Where no row could be attributed, or the disk refuses.
    """
    if not found.is_attributed.any():
        reason = found.rows["not_attributed"].iloc[0]
        raise UserError(f"no row could be attributed; the first: {reason}", where=looked_at)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_refusal(out, error) from error
    (out / RECORD).unlink(missing_ok=True)
    one_hot = (found.tokens[:, None] == np.arange(4, dtype=np.uint8)[:, None]).astype(np.int8)
    arrays = {
        ONE_HOT: one_hot * found.is_attributed[:, None, None].astype(np.int8),
        HYPOTHETICAL: found.hypothetical,
        ATTRIBUTIONS: found.projected,
        SPREAD: found.spread,
    }
    written = []
    for name, array in arrays.items():
        (out / name).unlink(missing_ok=True)
        if array is not None:
            write_array(out / name, array)
            written.append(out / name)
    (out / BIGWIG).unlink(missing_ok=True)
    if chromosomes is not None:
        written.append(_write_track(out / BIGWIG, found, chromosomes))
    write_table(out / TABLE, found.rows.assign(window_start=found.start))
    record = {"format": FORMAT, "cislearn": __version__, "tangermeme": package_version("tangermeme"), **about}
    write_json(out / RECORD, record)
    return [*written, out / TABLE, out / RECORD]


def write_array(path: Path, array: np.ndarray) -> None:
    """Write an array as ``.npz``, whole or not at all."""
    with file_written_whole(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, array)  # as arr_0, which tfmodisco-lite reads


def _write_track(path: Path, found: FileAttributions, chromosomes: Mapping[str, int]) -> Path:
    """Write the sum over the bases at each position, turned to the genome's forward strand."""
    rows = np.flatnonzero(found.is_attributed & (found.start >= 0))
    worth = found.projected[rows].sum(1)
    minus = (found.rows["strand"].to_numpy()[rows] == "-").astype(bool)
    worth[minus] = worth[minus, ::-1]
    write_bigwig(path, chromosomes, found.chrom[rows], found.start[rows], worth)
    return path
