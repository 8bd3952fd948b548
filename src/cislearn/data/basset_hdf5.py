"""Basset's HDF5 to a dataset: one-hot windows with binary labels of many tasks, in the parts that the file gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int8, UInt8

from cislearn.atomic import refuse_taken
from cislearn.data.dataset import DROPPED_COLUMNS, Dataset, write_dataset
from cislearn.data.examples import ONLY_N
from cislearn.data.inputs import ONLY_DOMAIN, file_record
from cislearn.data.marker import MARKER
from cislearn.data.parts import PART_NAMES
from cislearn.data.prevalence import PREVALENCE, count_active, told
from cislearn.data.provenance import provenance
from cislearn.data.sequences import TableSequences
from cislearn.errors import UserError
from cislearn.progress import Progress, silent
from cislearn.schema import DataSpec, TaskSpec
from cislearn.sequence.tokens import N

TARGETS = "target_labels"
ORDER = (
    "channels are taken for A, C, G, T, as Basset writes them: the file does not say, and another order cannot be seen"
)
_AT_ONCE = 1 << 24
"""Values of one-hot windows that are read at a time."""


@dataclass(frozen=True)
class Layout:
    """What a file holds.

    Parameters
    ----------
    tasks : tuple of str
        Names in ``target_labels``.
    length : int
        Bases of a window.
    sizes : dict of str to int
        Windows of each part.
    """

    tasks: tuple[str, ...]
    length: int
    sizes: dict[str, int]


def prepare_hdf5(out: Path | str, *, path: Path | str, overwrite: bool = False, progress: Progress = silent) -> Dataset:
    """Make a dataset of a file of ``seq_hdf5.py`` of Basset (Kelley et al. 2016), some megabytes at a time.

    The file holds ``train_in`` (n, 4, 1, length) and ``train_out`` (n, tasks), the same of valid and test if they are
    there, and ``target_labels`` (tasks). A column of zeros becomes N. Basset itself writes a random base for N, which
    cannot be told from a known one. Coordinates are not in the file, so no locus is known.

    Parameters
    ----------
    out : Path
        The folder to be.
    path : Path
        The file.
    overwrite : bool
        Replace a dataset that is there.
    progress : callable, optional
        Told what is done next.

    Returns
    -------
    Dataset
        With the column ``part``, by which it is split unless otherwise asked for.

    Raises
    ------
    UserError
        Where h5py is not installed, or the file is truncated, lacks a dataset, or holds anything else than one-hot
        windows and labels 0 and 1.
    """
    out, path = Path(out), Path(path)
    refuse_taken(out, marker=MARKER, overwrite=overwrite)
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{out.name}.reading-", dir=out.parent) as folder, _open(path) as file:
        with _damage_told(path):
            layout = _layout(file, path)
        stores = Path(folder) / "tokens", Path(folder) / "labels"
        loci, only_n = list[pd.DataFrame](), list[pd.DataFrame]()
        with stores[0].open("wb") as windows, stores[1].open("wb") as answers:
            for part, n in layout.sizes.items():
                progress(f"reading {n:,} windows for {part}")
                known = np.empty(n, dtype=bool)
                for rows, tokens, labels in _pieces(file, path, part, layout):
                    known[rows] = (tokens != N).any(axis=1)
                    tokens[known[rows]].tofile(windows)
                    labels[known[rows]].tofile(answers)
                place = {"domain": ONLY_DOMAIN, "part": part, "file": str(path), "line": np.arange(1, n + 1)}
                loci.append(pd.DataFrame(place)[known])
                only_n.append(pd.DataFrame(place | {"chrom": "", "start": -1, "end": -1, "name": part})[~known])
        examples = pd.concat(loci, ignore_index=True)
        if examples.empty:
            raise UserError("holds no window with a known base", where=path)
        sizes = (len(examples), layout.length), (len(examples), len(layout.tasks))
        tokens = np.memmap(stores[0], dtype=np.uint8, mode="r", shape=sizes[0])
        labels = np.memmap(stores[1], dtype=np.int8, mode="r", shape=sizes[1])
        prevalence = count_active(layout.tasks, labels)
        record = file_record(path, domains=[ONLY_DOMAIN], rows=sum(layout.sizes.values()))
        progress(f"writing {out}")
        return write_dataset(
            out,
            spec=DataSpec(tuple(map(TaskSpec, layout.tasks)), (ONLY_DOMAIN,), layout.length),
            loci=examples,
            labels=labels,
            sequences=TableSequences(tokens, np.arange(len(examples))),
            dropped=pd.concat(only_n, ignore_index=True).assign(reason=ONLY_N)[DROPPED_COLUMNS],
            provenance=provenance([record], {}, {}, [ORDER, told(prevalence)]),
            tables={PREVALENCE: prevalence},
            overwrite=overwrite,
        )


def _open(path: Path) -> Any:
    """Open a file with h5py."""
    try:
        import h5py
    except ImportError as error:
        fix = "Install it: pip install 'cislearn[hdf5]'"
        raise UserError("is HDF5, which is read by h5py, and that is not installed", where=path, fix=fix) from error
    with _damage_told(path):
        return h5py.File(path, "r")


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    """Tell what h5py cannot read as what is wrong with the file."""
    try:
        yield
    except (OSError, RuntimeError, KeyError) as error:
        raise UserError(
            f"cannot be read as HDF5: it is truncated, damaged or something else ({str(error)[:120]})",
            where=path,
            fix="Fetch or make it again.",
        ) from error


def _layout(file: Any, path: Path) -> Layout:
    """Tasks, window length and parts, checked against each other."""
    shapes = {name: item.shape for name in file if hasattr(item := file[name], "shape")}
    parts = [part for part in PART_NAMES if f"{part}_in" in shapes or f"{part}_out" in shapes] or ["train"]
    for name in [TARGETS, *(f"{part}_{side}" for part in parts for side in ("in", "out"))]:
        if name not in shapes:
            raise UserError(
                f"has no {name}; it holds {', '.join(sorted(file)) or 'nothing'}",
                where=path,
                fix="Basset's files hold train_in and train_out, the same of valid and test, and target_labels.",
            )
    tasks = tuple(name.decode() if isinstance(name, bytes) else str(name) for name in np.ravel(file[TARGETS][()]))
    if twice := [name for name, count in Counter(tasks).items() if count > 1]:
        raise UserError(f"{TARGETS} names {twice[0]!r} twice", where=path)
    length = (*shapes[f"{parts[0]}_in"], 0, 0, 0, 0)[3]  # of whatever shape it is
    sizes = {part: (*shapes[f"{part}_in"], 0)[0] for part in parts}
    for part, n in sizes.items():
        for name, expected in ((f"{part}_in", (n, 4, 1, length)), (f"{part}_out", (n, len(tasks)))):
            if shapes[name] != expected or file[name].dtype.kind not in "buif":
                found = f"shape {shapes[name]} and type {file[name].dtype}"
                raise UserError(f"{name} has {found}; numbers of shape {expected} were expected", where=path)
    return Layout(tasks, length, sizes)


def _pieces(
    file: Any, path: Path, part: str, layout: Layout
) -> Iterator[tuple[slice, UInt8[np.ndarray, "k length"], Int8[np.ndarray, "k t"]]]:
    """Rows of a part with their tokens and labels."""
    step = max(1, _AT_ONCE // (4 * layout.length))
    for first in range(0, layout.sizes[part], step):
        rows = slice(first, min(first + step, layout.sizes[part]))
        with _damage_told(path):
            one_hot, labels = file[f"{part}_in"][rows][:, :, 0], file[f"{part}_out"][rows]
        is_base = one_hot == 1
        n_bases = is_base.sum(axis=1, dtype=np.uint8)
        is_wrong = ((one_hot != 0) != is_base).any(axis=1) | (n_bases > 1)
        _refuse(is_wrong, path, f"{part}_in", first)
        _refuse(~np.isin(labels, (0, 1)), path, f"{part}_out", first)
        yield rows, np.where(n_bases == 1, is_base.argmax(axis=1), N).astype(np.uint8), labels.astype(np.int8)


def _refuse(is_wrong: Bool[np.ndarray, "k m"], path: Path, name: str, first: int) -> None:
    """Refuse a file with something wrong anywhere in the rows from `first` on; tells the first such row."""
    if is_wrong.any():
        what = "a one-hot window of zeros and ones" if name.endswith("_in") else "a row of labels 0 and 1"
        raise UserError(f"{name}[{first + int(is_wrong.any(axis=1).argmax()):,}] is not {what}", where=path)
