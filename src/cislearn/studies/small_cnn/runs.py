"""Carry out the trials: of each run its test logits, its learning curve, and what one window rests on."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float32
from torch import nn

from cislearn.explain.inputs import inputs_of
from cislearn.explain.occlusion import occlusion
from cislearn.explain.readout import Readout
from cislearn.models.network import Network
from cislearn.progress import Progress
from cislearn.studies.small_cnn.training import BATCH, train_as_published
from cislearn.studies.small_cnn.trials import Trial
from cislearn.studies.small_cnn.windows import Windows


class Run(NamedTuple):
    """One training, as far as the tables and pictures need it."""

    network: str
    loss: str
    seed: int
    logits: Float32[np.ndarray, " c"]
    """Of the test windows."""
    curve: pd.DataFrame
    """See `training.Trained`."""
    lost: Float32[np.ndarray, "4 length"]
    """Of the first bound test window: what its probability loses without each base."""
    steps: int
    seconds: float


def train_all(trials: Sequence[Trial], windows: Windows, progress: Progress) -> Iterator[Run]:
    """Train each trial from each of its seeds."""
    wanted = [(trial, seed) for trial in trials for seed in trial.seeds]
    for number, (trial, seed) in enumerate(wanted, 1):
        progress(f"{trial.network}, {trial.loss}, seed {seed} ({number} of {len(wanted)})")
        yield _run(trial, seed, windows)


def shown_window(windows: Windows) -> int:
    """Return the row of the window that is looked at: the first bound one of the test part."""
    return int(windows.test[np.flatnonzero(windows.labels[windows.test])[0]])


def occluded(network: Network, windows: Windows, row: int) -> Float32[np.ndarray, "4 length"]:
    """Return what the probability of a window loses where a base is set to zero, as published."""
    readout = Readout(nn.Sequential(network, nn.Sigmoid()).eval(), network.spec)
    return occlusion(readout, inputs_of(torch.from_numpy(windows.tokens[row : row + 1]))).hypothetical[0].numpy()


def _run(trial: Trial, seed: int, windows: Windows) -> Run:
    begun = time.perf_counter()
    trained = train_as_published(trial.options, trial.loss, windows, seed, trial.epochs)
    seconds = time.perf_counter() - begun
    lost = occluded(trained.network, windows, shown_window(windows))
    steps = trial.epochs * -(-len(windows.train) // BATCH)
    return Run(trial.network, trial.loss, seed, trained.logits, trained.curve, lost, steps, seconds)
