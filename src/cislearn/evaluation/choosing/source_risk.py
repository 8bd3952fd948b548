"""Loss on the source's validation rows: what one has, and what says nothing of the target."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Shaped

from cislearn.evaluation.weighting import binary


def log_losses(labels: Shaped[np.ndarray, " n"], logits: Shaped[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """Log loss of each row.

    Parameters
    ----------
    labels : ndarray, shape (n,)
        0 or 1.
    logits : ndarray, shape (n,)
        Of label 1.
    """
    logits = np.asarray(logits, float)
    return np.logaddexp(0, logits) - binary(labels) * logits


def source_risk(labels: Shaped[np.ndarray, " n"], logits: Shaped[np.ndarray, " n"]) -> float:
    """Mean log loss on rows of the source that training did not see; smaller is better."""
    return float(log_losses(labels, logits).mean())
