"""Soft neighbourhood density: whether the target's predictions gather in dense groups."""

from __future__ import annotations

import numpy as np
from jaxtyping import Shaped
from scipy.special import expit, log_softmax

TEMPERATURE = 0.05
"""Of the similarities, as published."""


def soft_neighbourhood_density(logits: Shaped[np.ndarray, " n"], temperature: float = TEMPERATURE) -> float:
    """Mean entropy of each row's similarities to all others (Saito et al. 2021, SND), in nats; larger is better.

    Each row is its two probabilities, scaled to length 1; similarities are their products. A row with many neighbours
    as near as each other has a large entropy. It is largest, ``log(n - 1)``, where all predictions are equal: like
    plain entropy it is fooled by collapse.

    Parameters
    ----------
    logits : ndarray, shape (n,)
        Of at least three target rows. Time and memory grow with the square of their number, and values can be compared
        for equal numbers only.
    """
    positive = expit(np.asarray(logits, float))
    rows = np.stack([1 - positive, positive], axis=1)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    similarity = rows @ rows.T / temperature
    np.fill_diagonal(similarity, -np.inf)
    log_share = log_softmax(similarity, axis=1)
    np.fill_diagonal(log_share, 0)  # a row's own share is 0, and 0 log 0 is 0
    shares = np.exp(log_share)
    np.fill_diagonal(shares, 0)
    return float(-(shares * log_share).sum(axis=1).mean())
