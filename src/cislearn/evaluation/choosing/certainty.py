"""How sure a model is of the target's rows, and of how many answers."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Shaped
from scipy.special import expit, xlog1py, xlogy


def mean_entropy(logits: Shaped[np.ndarray, " n"]) -> float:
    """Mean entropy of the predictions in nats, between 0 and log 2; smaller is surer.

    A model that is sure of the same answer for every row has none, so it is fooled by collapse.
    """
    return float(_entropy(expit(np.asarray(logits, float))).mean())


def mutual_information(logits: Shaped[np.ndarray, " n"]) -> float:
    """Entropy of the mean prediction less the mean entropy (Shi and Sha 2012), in nats; larger is better.

    Greatest, log 2, for a model that is sure of each row and calls half of them. Where few rows are positive a good
    model stays below that, and one that calls more of them is preferred to it.
    """
    mean = expit(np.asarray(logits, float)).mean(keepdims=True)
    return float(_entropy(mean)[0]) - mean_entropy(logits)


def _entropy(probability: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    return -(xlogy(probability, probability) + xlog1py(1 - probability, -probability))
