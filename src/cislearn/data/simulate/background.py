"""Background sequence: a first-order chain with each window's own G + C, few CG, and runs of A and T."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64, UInt8

from cislearn.sequence.tokens import ALPHABET

A, C, G, T = range(len(ALPHABET))
PREFERENCE = np.ones((4, 4))
"""Factor by which base b (column) follows base a (row) more often than its frequency alone would make it."""
PREFERENCE[C, G] = 0.4
PREFERENCE[A, A] = PREFERENCE[T, T] = 1.2

GC_SD = 0.04
GC_RANGE = (0.2, 0.8)


def draw_gc(
    labels: Bool[np.ndarray, " n"], gc: float, delta: float, rng: np.random.Generator
) -> Float64[np.ndarray, " n"]:
    """Draw the G + C parameter of each window: ``gc + delta (y - 0.5)`` with a normal spread, clipped to `GC_RANGE`."""
    return np.clip(gc + delta * (labels - 0.5) + rng.normal(0, GC_SD, len(labels)), *GC_RANGE)


def transitions(gc: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, "n 4 4"]:
    """Probability of each base (last axis) after each base, ``P(b | a) ~ q(b) PREFERENCE[a, b]``, for every window."""
    weights = base_frequencies(gc)[:, None, :] * PREFERENCE
    return weights / weights.sum(axis=2, keepdims=True)


def base_frequencies(gc: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, "n 4"]:
    """Frequencies q of A, C, G, T at a given G + C."""
    return np.stack([(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2], axis=1)


def draw_background(
    gc: Float64[np.ndarray, " n"], length: int, rng: np.random.Generator
) -> UInt8[np.ndarray, "n length"]:
    """Draw one window for each `gc`: its first base by the frequencies, each further one given the one before.

    The chain runs 5' to 3' and is not quite alike on the two strands; read every other window on the other strand.
    """
    n = len(gc)
    after = np.cumsum(transitions(gc), axis=2)[:, :, :3].reshape(4 * n, 3)
    chance = rng.random((length, n, 1))
    tokens = np.empty((length, n), np.uint8)
    tokens[0] = (chance[0] >= np.cumsum(base_frequencies(gc), axis=1)[:, :3]).sum(axis=1)
    window = 4 * np.arange(n)
    for position in range(1, length):
        tokens[position] = (chance[position] >= after[window + tokens[position - 1]]).sum(axis=1)
    return np.ascontiguousarray(tokens.T)
