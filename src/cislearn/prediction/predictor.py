"""Logits of windows: the one path that validation, evaluation and prediction share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import nn

from cislearn.data.sequences import Sequences
from cislearn.models.strands import strand_logits

POSITIONS_IN_CACHE = 1 << 14
"""Bases of a batch that a CPU core computes fastest: what a layer makes of them then stays in its cache."""
ON_ACCELERATOR = 1024
"""Windows of a batch on any other device."""


def windows_at_once(length: int, device: torch.device) -> int:
    """Return how many windows of `length` bp to compute at once where nobody says so."""
    if device.type != "cpu":
        return ON_ACCELERATOR
    return max(1, POSITIONS_IN_CACHE * torch.get_num_threads() // length)


@runtime_checkable
class Predictor(Protocol):
    """Anything that scores windows: networks, ensembles."""

    def predict(self, tokens: UInt8[np.ndarray, "n length"]) -> Float[np.ndarray, "n t"]:
        """Return the logits of windows."""


class NetworkPredictor:
    """A torch model as a predictor. The model's mode and device are as before after each call.

    Parameters
    ----------
    model : nn.Module
        With ``embed(tokens)``, and logits from what that returns.
    device : torch.device or str
        Where it computes.
    batch_size : int, optional
        Windows at once, by default what suits the device; it changes the memory taken, not the numbers (beyond
        rounding).
    """

    def __init__(self, model: nn.Module, device: torch.device | str = "cpu", batch_size: int | None = None) -> None:
        self.model, self.device, self.batch_size = model, torch.device(device), batch_size

    def predict(self, tokens: UInt8[np.ndarray, "n length"]) -> Float[np.ndarray, "n t"]:
        """Return the logits of windows as float32."""
        return self._run(lambda x: self.model(x), tokens)

    def strands(self, tokens: UInt8[np.ndarray, "n length"]) -> Float[np.ndarray, "n 2 t"]:
        """Return the logits of windows and of their reverse complements; a model that averages the two is taken apart.

        The mean over the two is what such a model predicts, so that nobody need compute it twice.
        """
        return self._run(lambda x: strand_logits(self.model, x), tokens)

    def features(self, tokens: UInt8[np.ndarray, "n length"]) -> Float[np.ndarray, "n f"]:
        """Return the encoder's features of windows, on the forward strand."""
        return self._run(lambda x: self.model.features(x), tokens)  # type: ignore[operator]

    def _run(self, call: Callable, tokens: UInt8[np.ndarray, "n length"]) -> Float[np.ndarray, "n ..."]:
        if len(tokens) == 0:
            raise ValueError("there are no windows to predict")
        size = self.batch_size or windows_at_once(tokens.shape[1], self.device)
        training, home = self.model.training, next(self.model.parameters()).device
        self.model.eval().to(self.device)
        try:
            with torch.inference_mode():
                pieces = [
                    call(self.model.embed(torch.from_numpy(piece.copy()).to(self.device))).float().cpu().numpy()  # type: ignore[operator]
                    for piece in np.array_split(tokens, -(-len(tokens) // size))
                ]
        finally:
            self.model.train(training).to(home)
        return np.concatenate(pieces)


def predict_rows(
    predict: Callable[[np.ndarray], np.ndarray],
    sequences: Sequences,
    rows: Int[np.ndarray, " n"],
    margin: int,
    chunk: int = 65_536,
) -> Float[np.ndarray, "n ..."]:
    """Return what `predict` says of rows of a dataset, whose margins are cut off, in bounded memory."""
    keep = slice(margin, sequences.width - margin)
    parts = np.array_split(rows, max(1, -(-len(rows) // chunk)))
    return np.concatenate([predict(np.ascontiguousarray(sequences.gather(part)[:, keep])) for part in parts])
