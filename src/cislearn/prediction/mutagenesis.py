"""What each base of a window is worth: the logit with every base that could stand in its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor, nn

from cislearn.models.inference import for_inference
from cislearn.prediction.predictor import Signals, windows_at_once

Score = Callable[[Float[Tensor, "m 4 length"], Float[Tensor, "m k length"] | None], Float[Tensor, " m"]]
"""From one-hot windows and their tracks to one number each."""


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
    words (`model.input: kmers`). A window takes ``3 length + 1`` predictions. Tracks stay as they are.

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
    faster, place = for_inference(model).to(device), torch.device(device)
    signals = None if tracks is None else torch.from_numpy(tracks).to(place)
    x = faster.embed(torch.from_numpy(tokens).to(place), signals)  # type: ignore[operator]

    def score(bases: Tensor, beside: Tensor | None) -> Tensor:
        return faster(bases if beside is None else torch.cat([bases, beside], dim=1))[:, column]

    with torch.inference_mode():
        return effects_of_changes(score, x[:, :4], signals, batch_size)[1].float().cpu().numpy()


def effects_of_changes(
    score: Score,
    x: Float[Tensor, "n 4 length"],
    tracks: Float[Tensor, "n k length"] | None = None,
    batch_size: int | None = None,
) -> tuple[Float[Tensor, " n"], Float[Tensor, "n 4 length"]]:
    """Return a number of each window, and by how much it changes with each base in the place of each that is there.

    Parameters
    ----------
    score : callable
        From one-hot windows, and their tracks or None, to one number each.
    x : Tensor, shape (n, 4, length)
        One-hot windows; N is all zeros, and all four bases are changes there.
    tracks : Tensor, shape (n, k, length), optional
        Beside the windows; they stay as they are.
    batch_size : int, optional
        Changed windows at once; by default what suits the device.

    Returns
    -------
    numbers : Tensor, shape (n,)
        Of the windows as they are.
    effects : Tensor, shape (n, 4, length)
        0 for the bases that are there, which are not computed again.
    """
    size = batch_size or windows_at_once(x.shape[2], x.device)
    numbers, effects = x.new_zeros(len(x)), torch.zeros_like(x)
    for number, window in enumerate(x):
        base, position = torch.nonzero(window == 0, as_tuple=True)
        beside = None if tracks is None else tracks[number : number + 1]
        numbers[number] = start = score(window.unsqueeze(0), beside)[0]
        found = []
        for bases, positions in zip(torch.split(base, size), torch.split(position, size), strict=True):
            row = torch.arange(len(bases), device=x.device)
            changed = window.repeat(len(bases), 1, 1)
            changed[row, :, positions] = 0
            changed[row, bases, positions] = 1
            found.append(score(changed, None if beside is None else beside.expand(len(bases), -1, -1)) - start)
        effects[number, base, position] = torch.cat(found)
    return numbers, effects
