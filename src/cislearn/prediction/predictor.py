"""Logits of windows: the one path that validation, evaluation and prediction share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Float32, Int, UInt8
from torch import Tensor, nn

from cislearn.data.sequences import Sequences
from cislearn.data.tracks import Tracks
from cislearn.models.strands import strand_logits

Signals = Float32[np.ndarray, "n k length"] | None
"""The tracks of windows; None for a model of sequence alone."""
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

    def predict(self, tokens: UInt8[np.ndarray, "n length"], tracks: Signals = None) -> Float[np.ndarray, "n t"]:
        """Return the logits of windows, with their tracks where the model reads some."""


class NetworkPredictor:
    """A torch model as a predictor. The model's mode and device are as before after each call.

    Parameters
    ----------
    model : nn.Module
        With ``embed(tokens, tracks)``, and logits from what that returns.
    device : torch.device or str
        Where it computes.
    batch_size : int, optional
        Windows at once, by default what suits the device; it changes the memory taken, not the numbers (beyond
        rounding).
    """

    def __init__(self, model: nn.Module, device: torch.device | str = "cpu", batch_size: int | None = None) -> None:
        self.model, self.device, self.batch_size = model, torch.device(device), batch_size

    def predict(self, tokens: UInt8[np.ndarray, "n length"], tracks: Signals = None) -> Float[np.ndarray, "n t"]:
        """Return the logits of windows as float32."""
        return self._run(lambda x: self.model(x), tokens, tracks)

    def strands(self, tokens: UInt8[np.ndarray, "n length"], tracks: Signals = None) -> Float[np.ndarray, "n 2 t"]:
        """Return the logits of windows and of their reverse complements; a model that joins the two is taken apart.

        What it predicts is `joined` of the two, so that nobody need compute it twice.
        """
        return self._run(lambda x: strand_logits(self.model, x), tokens, tracks)

    def features(self, tokens: UInt8[np.ndarray, "n length"], tracks: Signals = None) -> Float[np.ndarray, "n f"]:
        """Return the features of windows as vectors, on the strand given; of a conjoined network, on both."""
        return self._run(lambda x: self.model.pooled(self.model.features(x)), tokens, tracks)  # type: ignore[operator]

    def _run(
        self, call: Callable, tokens: UInt8[np.ndarray, "n length"], tracks: Signals
    ) -> Float[np.ndarray, "n ..."]:
        if len(tokens) == 0:
            raise ValueError("there are no windows to predict")
        size = self.batch_size or windows_at_once(tokens.shape[1], self.device)
        training, home = self.model.training, next(self.model.parameters()).device
        self.model.eval().to(self.device)
        try:
            with torch.inference_mode():
                pieces = [
                    call(self._embed(tokens[rows], None if tracks is None else tracks[rows])).float().cpu().numpy()
                    for rows in np.array_split(np.arange(len(tokens)), -(-len(tokens) // size))
                ]
        finally:
            self.model.train(training).to(home)
        return np.concatenate(pieces)

    def _embed(self, tokens: UInt8[np.ndarray, "n length"], tracks: Signals) -> Tensor:
        windows = torch.from_numpy(tokens).to(self.device)
        signals = None if tracks is None else torch.from_numpy(tracks).to(self.device)
        return self.model.embed(windows, signals)  # type: ignore[operator]


def predict_rows(
    predict: Callable[..., np.ndarray],
    sequences: Sequences,
    rows: Int[np.ndarray, " n"],
    margin: int,
    chunk: int = 65_536,
    *,
    tracks: Tracks | None = None,
) -> Float[np.ndarray, "n ..."]:
    """Return what `predict` says of rows of a dataset, whose margins are cut off, in bounded memory.

    Where there are `tracks` it is handed theirs after the tokens.
    """
    found = []
    for part in np.array_split(rows, max(1, -(-len(rows) // chunk))):
        tokens, signals = read_rows(sequences, tracks, part, margin)
        found.append(predict(tokens) if signals is None else predict(tokens, signals))
    return np.concatenate(found)


def read_rows(
    sequences: Sequences, tracks: Tracks | None, rows: Int[np.ndarray, " n"], margin: int
) -> tuple[UInt8[np.ndarray, "n length"], Signals]:
    """Return rows of a dataset without their margins, as a model reads them: tokens, and tracks where there are any."""
    keep = slice(margin, sequences.width - margin)
    tokens = np.ascontiguousarray(sequences.gather(rows)[:, keep])
    return tokens, None if tracks is None else np.ascontiguousarray(tracks.gather(rows)[:, :, keep])
