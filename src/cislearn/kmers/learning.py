"""Vectors of words learned from the windows of a dataset: it reads no label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import UInt8

from cislearn.atomic import refuse_taken
from cislearn.data.dataset import Dataset, read_dataset
from cislearn.errors import UserError
from cislearn.kmers.cbow import CbowPlan, learn_vectors
from cislearn.kmers.vectors import MARKER, KmerVectors
from cislearn.progress import Progress, silent
from cislearn.sequence.strand import reverse_complement

MOST_BASES = 10_000_000
"""Bases that vectors are learned from at most; of more windows so many are drawn."""


def train_kmer_embedding(
    data: Dataset | Path | str,
    *,
    k: int | Sequence[int] = 3,
    out: Path | str | None = None,
    overwrite: bool = False,
    progress: Progress = silent,
    **plan: Any,
) -> KmerVectors:
    """Learn vectors of the words of k bases from the windows of a dataset, labelled or not, and from no label.

    CBOW with negative sampling; see `cislearn.kmers.cbow`. Each window is read on both strands, but where it is RNA.
    All parts are read, those of test too, as sequences without labels are at hand in either.

    Parameters
    ----------
    data : Dataset or Path
        A dataset, or its folder.
    k : int or list of int
        Bases of a word; of several lengths each is learned by itself.
    out : Path, optional
        A folder to keep them in, which `model.input: {name: kmers, vectors: FOLDER}` takes.
    overwrite : bool
        Replace vectors that are there.
    progress : Progress
        Hears of the steps that are done, of one length after the other.
    **plan
        Options of `CbowPlan`: ``dim``, ``window``, ``stride``, ``negatives``, ``batch``, ``steps``, ``learning_rate``,
        ``seed``.

    Returns
    -------
    KmerVectors
        A table for each k.

    Raises
    ------
    UserError
        Where an option makes no sense, the windows hold no word, or the folder is taken.
    """
    dataset = data if isinstance(data, Dataset) else read_dataset(Path(data))
    lengths = sorted({k} if isinstance(k, int) else set(k))
    if not lengths:
        raise UserError("no length of words is given", where="k", fix="Take 3, as published.")
    base, *further = (CbowPlan(k=each, **plan) for each in lengths)
    if out is not None:
        refuse_taken(Path(out), marker=MARKER, overwrite=overwrite)
    tokens = _windows(dataset, base.seed)
    n_windows = len(tokens)
    if not dataset.spec.single_stranded:
        tokens = np.concatenate([tokens, reverse_complement(tokens)])
    learned = {each.k: learn_vectors(torch.from_numpy(tokens), each, progress) for each in (base, *further)}
    about = {
        "k": lengths,
        **{name: value for name, value in asdict(base).items() if name != "k"},
        "dataset": {"path": str(dataset.path or ""), "hash": dataset.hash, "windows": n_windows},
        "both_strands": not dataset.spec.single_stranded,
        "losses": {str(each): found.losses for each, found in learned.items()},
    }
    vectors = KmerVectors({each: found.vectors for each, found in learned.items()}, about)
    if out is not None:
        vectors.write(Path(out), overwrite=overwrite)
    return vectors


def _windows(dataset: Dataset, seed: int) -> UInt8[np.ndarray, "n length"]:
    """Return the windows without their margins, or as many of them, drawn, as `MOST_BASES` allows."""
    margin, length = dataset.spec.margin, dataset.spec.length
    rows, most = np.arange(len(dataset)), max(1, MOST_BASES // length)
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    return np.ascontiguousarray(dataset.sequences.gather(rows)[:, margin : margin + length])
