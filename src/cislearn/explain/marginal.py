"""What a motif does by itself, and what two do together: put into windows that hold neither."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import pandas as pd
from jaxtyping import Float, UInt8
from scipy.stats import t as student
from torch import nn

from cislearn.errors import UserError
from cislearn.motifs.matrix import Motif
from cislearn.prediction.predictor import NetworkPredictor
from cislearn.schema import DataSpec
from cislearn.sequence.strand import reverse_complement

CONFIDENCE = 0.95


def consensus(motif: Motif) -> UInt8[np.ndarray, " width"]:
    """Return the most probable base of each position, A0 C1 G2 T3."""
    return motif.probabilities.argmax(axis=0).astype(np.uint8)


def marginalise(
    model: nn.Module, motifs: Sequence[Motif], background: UInt8[np.ndarray, "n length"], task: str, channel: int = 0
) -> pd.DataFrame:
    """Return by how much the logit changes with a motif's consensus in the middle of background windows.

    Motifs are put in as they are: cut off edges that say nothing beforehand. Their mean change over backgrounds is what
    the model makes of the motif in the absence of all else (Koo et al. 2021, "global importance").

    Parameters
    ----------
    model : nn.Module
        As `load_model` gives it, of sequence alone.
    motifs : list of Motif
        No longer than the windows.
    background : UInt8 array, shape (n, length)
        At least two; shuffled windows of the data, for instance.
    task : str
        Whose logit; there is no default, since effects on the wrong task look like any other.
    channel : int
        The class, for a multiclass task.

    Returns
    -------
    DataFrame
        motif, mean, and low and high, the ends of the 95 % interval of the mean over backgrounds (Student's t).

    Raises
    ------
    UserError
        Where there is no such task, the model reads tracks, or a motif does not fit.
    """
    logit = _Logit(model, task, channel)
    middle, before = background.shape[1] // 2, logit(background)
    rows = []
    for motif in motifs:
        word = consensus(motif)
        _check_fits(len(word), background.shape[1])
        rows.append((motif.identifier, *_mean(logit(_with(background, word, middle - len(word) // 2)) - before)))
    return pd.DataFrame(rows, columns=["motif", "mean", "low", "high"])


def space(
    model: nn.Module,
    first: Motif,
    second: Motif,
    background: UInt8[np.ndarray, "n length"],
    distances: Sequence[int],
    task: str,
    channel: int = 0,
) -> pd.DataFrame:
    """Return how far two motifs together do more than the sum of each alone, by distance and orientation.

    ``f(both) - f(first) - f(second) + f(neither)``, each motif at the place that it has in the pair.

    Parameters
    ----------
    model, background, task, channel
        See `marginalise`.
    first, second : Motif
        The second stands to the right of the first, as it is (``+``) or on the other strand (``-``).
    distances : list of int
        Bases between the two.

    Returns
    -------
    DataFrame
        orientation, distance, mean, low, high as in `marginalise`.

    Raises
    ------
    UserError
        As `marginalise`, and where a pair does not fit.
    """
    logit, rows = _Logit(model, task, channel), []
    one, neither = consensus(first), logit(background)
    _check_fits(len(one) + second.width + max(distances, default=0), background.shape[1])
    for sign, other in (("+", consensus(second)), ("-", reverse_complement(consensus(second)))):
        for distance in distances:
            start = (background.shape[1] - len(one) - distance - len(other)) // 2
            behind = start + len(one) + distance
            both = _with(_with(background, one, start), other, behind)
            alone = logit(_with(background, one, start)) + logit(_with(background, other, behind))
            rows.append((sign, distance, *_mean(logit(both) - alone + neither)))
    return pd.DataFrame(rows, columns=["orientation", "distance", "mean", "low", "high"])


class _Logit:
    """One logit of windows."""

    def __init__(self, model: nn.Module, task: str, channel: int) -> None:
        spec = cast(DataSpec, model.spec)
        if spec.tracks:
            raise UserError(
                "the model reads tracks, and windows that are made up have none",
                fix="Motifs are put into windows for models of sequence alone.",
            )
        self.column, self.predictor = column_of(spec, task, channel), NetworkPredictor(model)

    def __call__(self, tokens: UInt8[np.ndarray, "n length"]) -> Float[np.ndarray, " n"]:
        return self.predictor.predict(tokens)[:, self.column].astype(np.float64)


def column_of(spec: DataSpec, task: str, channel: int = 0) -> int:
    """Return the column of a task's logit.

    Raises
    ------
    UserError
        Where there is no such task, with the known ones, or it is a profile.
    """
    if spec.named(task).kind == "profile":
        raise UserError(f"task {task} is a profile, which has no single logit", fix="Name another task.")
    return range(spec.n_logits)[spec.columns(task)][channel]


def _check_fits(width: int, length: int) -> None:
    if width > length:
        raise UserError(f"{width} bp of motifs do not fit into windows of {length} bp", fix="Ask for less.")


def _with(tokens: UInt8[np.ndarray, "n length"], word: UInt8[np.ndarray, " width"], start: int) -> np.ndarray:
    changed = tokens.copy()
    changed[:, start : start + len(word)] = word
    return changed


def _mean(values: Float[np.ndarray, " n"]) -> tuple[float, float, float]:
    mean, error = float(values.mean()), float(values.std(ddof=1)) / len(values) ** 0.5
    reach = float(student.ppf((1 + CONFIDENCE) / 2, len(values) - 1)) * error
    return mean, mean - reach, mean + reach
