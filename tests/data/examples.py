"""Small datasets and files for the tests of the file side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from cislearn.data.dataset import Dataset, write_dataset
from cislearn.data.sequences import TableSequences
from cislearn.schema import DataSpec, TaskSpec

LETTERS = np.array(list("ACGT"))


def random_sequence(rng: np.random.Generator, length: int) -> str:
    return "".join(LETTERS[rng.integers(0, 4, length)])


def write_fasta(path: Path, sequences: list[str], headers: list[str] | None = None) -> Path:
    headers = headers or [f"s{k}" for k in range(len(sequences))]
    path.write_text("".join(f">{header}\n{text}\n" for header, text in zip(headers, sequences, strict=True)))
    return path


def small_dataset(
    folder: Path,
    loci: pd.DataFrame,
    labels: list[float] | np.ndarray,
    tokens: np.ndarray | None = None,
    *,
    length: int = 10,
    margin: int = 0,
    task: TaskSpec | None = None,
) -> Dataset:
    """Dataset of one task with the given loci and random windows."""
    labels = np.asarray(labels, dtype=float)
    labels = labels[:, None] if labels.ndim == 1 else labels
    if tokens is None:
        width = length + 2 * margin
        tokens = np.random.default_rng(1).integers(0, 4, (len(loci), width)).astype(np.uint8)
    if task is not None:
        tasks: tuple[TaskSpec, ...] = (task,)
    else:
        tasks = tuple(TaskSpec(f"t{k}") for k in range(labels.shape[1]))
    if "domain" not in loci:
        loci = loci.assign(domain="a")
    spec = DataSpec(tasks, tuple(dict.fromkeys(loci["domain"])), length, margin)
    return write_dataset(folder, spec=spec, loci=loci, labels=labels, sequences=TableSequences.of(tokens))


def places(chrom: list[str] | str, start: list[int] | np.ndarray, length: int = 10) -> pd.DataFrame:
    start = np.asarray(start, dtype=np.int64)
    return pd.DataFrame({"chrom": chrom, "start": start, "end": start + length})
