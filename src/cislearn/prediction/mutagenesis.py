"""What each base of a window is worth: the logit with every base that could stand in its place."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import nn

from cislearn.prediction.predictor import NetworkPredictor, Signals


def saturation_mutagenesis(
    model: nn.Module,
    tokens: UInt8[np.ndarray, "n length"],
    task: str,
    channel: int = 0,
    *,
    tracks: Signals = None,
    device: torch.device | str = "cpu",
    batch_size: int | None = None,
) -> Float32[np.ndarray, "n 4 length"]:
    """Return by how much the logit changes with each base in the place of each that is there.

    It asks a model for nothing but predictions, so it does for those that gradients cannot attribute, such as those of
    words (`model.input: kmers`). A window takes ``4 length + 1`` predictions. Tracks stay as they are.

    Parameters
    ----------
    model : nn.Module
        As `load_model` gives it; a mean over both strands is changed on both.
    tokens : UInt8 array, shape (n, length)
        A0 C1 G2 T3 N4.
    task : str
        The task; there is no default, since effects on the wrong task look like any other.
    channel : int
        The class, for a multiclass task.
    tracks : Float32 array, shape (n, k, length), optional
        Signals, where the model reads some.
    device, batch_size
        As for a prediction.

    Returns
    -------
    Float32 array, shape (n, 4, length)
        Logits minus that of the window: 0 for the bases that are there. Rows are A, C, G, T.
    """
    spec: Any = model.spec
    column = range(spec.n_logits)[spec.columns(task)][channel]
    predictor = NetworkPredictor(model, device, batch_size)
    n, length = tokens.shape
    effects = np.empty((n, 4, length), dtype=np.float32)
    for number in range(n):
        # The window itself stands last, in the same call: its own bases then have an effect of exactly 0.
        changed = np.repeat(tokens[number : number + 1], 4 * length + 1, axis=0)
        changed[np.arange(4 * length), np.tile(np.arange(length), 4)] = np.repeat(np.arange(4), length)
        signals = None if tracks is None else np.repeat(tracks[number : number + 1], len(changed), axis=0)
        logits = predictor.predict(changed, signals)[:, column]
        effects[number] = (logits[:-1] - logits[-1]).reshape(4, length)
    return effects
