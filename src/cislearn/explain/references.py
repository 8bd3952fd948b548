"""What a window is held against: windows without its motifs."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from cislearn.models.network import OneHot
from cislearn.sequence.shuffle import shuffle_dinucleotides

Kind = Literal["shuffled", "uniform"]
"""``shuffled``: the window's own dinucleotides in another order. ``uniform``: a quarter of each base everywhere."""
KINDS: tuple[Kind, ...] = ("shuffled", "uniform")
SHUFFLES = 20
"""References of a window, unless they are told how many."""


def shuffled(
    tokens: UInt8[np.ndarray, "n length"], n_references: int, rng: np.random.Generator
) -> Float[Tensor, "n r 4 length"]:
    """Return dinucleotide shuffles of each window as one-hot; N stays where it is, so nothing is attributed to it."""
    drawn = shuffle_dinucleotides(np.repeat(tokens, n_references, axis=0), rng)
    return one_hot_references(drawn.reshape(len(tokens), n_references, -1))


def one_hot_references(tokens: UInt8[np.ndarray, "n r length"]) -> Float[Tensor, "n r 4 length"]:
    """Return references as one-hot."""
    n, r, length = tokens.shape
    return OneHot()(torch.from_numpy(np.ascontiguousarray(tokens).reshape(n * r, length))).view(n, r, 4, length)


def uniform(tokens: UInt8[np.ndarray, "n length"]) -> Float[Tensor, "n 1 4 length"]:
    """Return a quarter of each base at every known position of each window, as one reference."""
    known: Float[Tensor, "n 4 length"] = OneHot()(torch.from_numpy(np.ascontiguousarray(tokens))).sum(1, keepdim=True)
    return (known / 4).expand(-1, 4, -1).unsqueeze(1)


def equal_the_window(
    x: Float[Tensor, "n 4 length"], references: Float[Tensor, "n r 4 length"]
) -> Bool[np.ndarray, " n"]:
    """Say of which windows each reference is the window itself, so that there is nothing to attribute."""
    return (x.unsqueeze(1) == references).flatten(1).all(1).cpu().numpy()
