"""Predicted profiles as a run keeps them, and what is scored of them row by row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int

from cislearn.atomic import file_written_whole
from cislearn.data.dataset import Dataset
from cislearn.evaluation.profiles.families import shape_scores
from cislearn.objectives.profile_loss import multinomial_nll, shape_and_counts
from cislearn.runs import PREDICTED_PROFILES, profile_score_names
from cislearn.schema import DataSpec, TaskSpec


class PredictedProfiles(NamedTuple):
    """What a model says of one profile task, of `n` rows."""

    log_shape: Float[np.ndarray, "n s length"]
    """Natural logarithm of the probability of each position, which sum to 1 on each strand."""
    log_counts: Float[np.ndarray, "n s"]
    """``log(1 + counts)`` of each strand."""


def predicted_profiles(task: TaskSpec, logits: Float[np.ndarray, "n columns"]) -> PredictedProfiles:
    """Return what the columns of the logits of a profile task say."""
    shape, log_counts = shape_and_counts(torch.from_numpy(np.ascontiguousarray(logits)), task)
    return PredictedProfiles(shape.log_softmax(2).numpy(), log_counts.numpy())


def observed_counts(dataset: Dataset, task: TaskSpec, rows: Int[np.ndarray, " n"]) -> Float[np.ndarray, "n s length"]:
    """Return the counts of rows of a dataset, without their margins; NaN where their label is absent."""
    assert dataset.profiles is not None
    counts = dataset.profiles.gather(rows, dataset.labels_float(rows))
    margin = dataset.spec.margin
    return counts[:, dataset.spec.profile_channels(task.name), margin : counts.shape[2] - margin]


def observed_replicates(
    dataset: Dataset, task: TaskSpec, rows: Int[np.ndarray, " n"]
) -> Float[np.ndarray, "n r s length"] | None:
    """Return the counts of rows replicate by replicate, NaN where one has fewer; None where none were kept apart."""
    assert dataset.profiles is not None
    if dataset.profiles.replicates is None:
        return None
    margin, channels = dataset.spec.margin, dataset.spec.profile_channels(task.name)
    counts = np.array(dataset.profiles.replicates[rows], dtype=np.float32)
    return counts[:, :, channels, margin : counts.shape[3] - margin]


def profile_scores(
    task: TaskSpec, observed: Float[np.ndarray, "n s length"], predicted: PredictedProfiles
) -> dict[str, Float[np.ndarray, " n"]]:
    """Return the columns of ``predictions.parquet`` of a profile task: what each row is scored by.

    ``log_counts``: ``log(1 + N)`` of all strands together, as predicted. ``nll``: negative log likelihood of the counts
    given their number; ``counts_error``: mean over strands of the squared error of each one's ``log(1 + N)``. The
    others are `shape_scores`. All but the first are NaN where counts are absent.
    """
    counts = np.maximum(np.expm1(predicted.log_counts.astype(np.float64)), 0).sum(axis=1)
    nll = multinomial_nll(torch.from_numpy(predicted.log_shape), torch.from_numpy(observed)).numpy()
    error = (predicted.log_counts - np.log1p(observed.sum(axis=2))) ** 2
    shape = shape_scores(observed, np.exp(predicted.log_shape)).T
    return dict(zip(profile_score_names(task.name), (np.log1p(counts), *shape, nll, error.mean(axis=1)), strict=True))


def write_profiles(
    folder: Path, spec: DataSpec, rows: Int[np.ndarray, " n"], logits: Float[np.ndarray, "n columns"]
) -> None:
    """Write ``profiles.npz`` of a run, for each profile task the log shape and the log counts of `rows`."""
    arrays = {"row": rows}
    for task in spec.profiles:
        said = predicted_profiles(task, logits[:, spec.columns(task.name)])
        arrays |= {f"log_shape_{task.name}": said.log_shape, f"log_counts_{task.name}": said.log_counts}
    with file_written_whole(folder / PREDICTED_PROFILES) as partial, partial.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def mean_profiles(runs: Sequence[Path], task: TaskSpec, rows: Int[np.ndarray, " n"]) -> PredictedProfiles:
    """Return what the mean of the logits of several runs says of `rows`."""
    shapes, counts = [], []
    for run in runs:
        with np.load(run / PREDICTED_PROFILES) as arrays:
            place = np.searchsorted(arrays["row"], rows)
            shapes.append(arrays[f"log_shape_{task.name}"][place])
            counts.append(arrays[f"log_counts_{task.name}"][place])
    shape = torch.from_numpy(np.mean(shapes, axis=0)).log_softmax(2).numpy()
    return PredictedProfiles(shape, np.mean(counts, axis=0))
