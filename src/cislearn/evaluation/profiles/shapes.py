"""A profile in two: where the reads of a strand lie, and how many there are; observed, and from a model's logits."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float64, Shaped
from scipy.special import softmax


def split_logits(
    logits: Float[np.ndarray, "n t"], strands: int
) -> tuple[Float[np.ndarray, "n strands length"], Float[np.ndarray, "n strands"]]:
    """Probabilities along the window, strand by strand, and log counts, of the logits of one profile task.

    Parameters
    ----------
    logits : ndarray, shape (n, strands * (length + 1))
        As `TaskSpec.n_logits` orders them: the shape's logits strand by strand, then a log count each strand.
    strands : int
        One or two.
    """
    shape = logits[:, :-strands].reshape(len(logits), strands, logits.shape[1] // strands - 1)
    return softmax(shape, axis=2), logits[:, -strands:]


def observed_shapes(profiles: Shaped[np.ndarray, "n strands length"]) -> Float64[np.ndarray, "n strands length"]:
    """Share of the reads of a strand that lie at each base; 0 everywhere on a strand without reads."""
    total = profiles.sum(axis=2, keepdims=True, dtype=np.float64)
    return profiles / np.where(total > 0, total, 1.0)


def log_counts(profiles: Shaped[np.ndarray, "n strands length"]) -> Float64[np.ndarray, "n strands"]:
    """Observed counts of each strand as models predict them: log(1 + reads)."""
    return np.log1p(profiles.sum(axis=2, dtype=np.float64))


def expected_reads(
    shapes: Float[np.ndarray, "n strands length"], predicted: Float[np.ndarray, "n strands"]
) -> Float[np.ndarray, "n strands length"]:
    """Reads that are predicted at each base: the probability times exp(log count) - 1, never below 0."""
    return shapes * np.maximum(np.expm1(predicted), 0)[:, :, None]
