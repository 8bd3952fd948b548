"""A threshold that holds beyond the rows that it was chosen on."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Shaped
from scipy.optimize import minimize
from scipy.special import expit

from cislearn.evaluation.weighting import binary


def fit_platt(labels: Shaped[np.ndarray, " n"], logits: Shaped[np.ndarray, " n"]) -> tuple[float, float]:
    """Slope and offset at which ``sigmoid(slope * logit + offset)`` has the least log loss (Platt 1999).

    Labels are drawn a little towards each other, as Platt has it, so that also logits without an error have an optimum.

    Parameters
    ----------
    labels : ndarray, shape (n,)
        0 or 1, both there.
    logits : ndarray, shape (n,)
        Finite.
    """
    positive = binary(labels)
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    aims = np.where(positive, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))
    scale = float(np.std(logits)) or 1.0
    scaled = np.asarray(logits, float) / scale

    def loss(line: np.ndarray) -> tuple[float, np.ndarray]:
        z = line[0] * scaled + line[1]
        residual = expit(z) - aims
        return float(np.mean(np.logaddexp(0, z) - aims * z)), np.array([(residual * scaled).mean(), residual.mean()])

    slope, offset = minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS").x
    return float(slope / scale), float(offset)


def calling_threshold(labels: Shaped[np.ndarray, " n"], logits: Shaped[np.ndarray, " n"]) -> float:
    """Logit at or above which a row is called positive: the one of the greatest MCC that is expected.

    Labels are used for two numbers only, the slope and offset of `fit_platt`; which threshold is best then follows from
    the probabilities. The threshold of the best F1 *seen* follows the accidents of the rows that it is chosen on, and
    where a model is weak F1 is greatest when everything is called. docs/results/defaults.md has both side by side.

    Parameters
    ----------
    labels : ndarray, shape (n,)
        0 or 1, of validation rows; NaN where absent, and such rows are left out.
    logits : ndarray, shape (n,)
        Of the same rows.

    Returns
    -------
    float
        Where the logits rank the wrong way round no threshold is of use: the one at which as many rows are called as
        are positive. NaN with labels of one class or a logit that is not finite.
    """
    seen = ~np.isnan(np.asarray(labels, float))
    labels, logits = np.asarray(labels)[seen], np.asarray(logits, float)[seen]
    if len(np.unique(labels)) < 2 or not np.isfinite(logits).all():
        return float("nan")
    slope, offset = fit_platt(labels, logits)
    if slope <= 0:
        return float(np.quantile(logits, 1 - labels.mean()))
    ordered = np.sort(logits)[::-1]
    best = int(np.argmax(_expected_mcc(expit(slope * ordered + offset))))
    return float(ordered[best : best + 2].mean())


def _expected_mcc(probability: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """MCC of calling the first 1, 2 ... n rows, with the expected numbers of right and wrong calls."""
    hit, called = np.cumsum(probability), np.arange(1, len(probability) + 1)
    positive, n = hit[-1], len(probability)
    covariance = hit * n - called * positive
    spread = called * (n - called) * positive * (n - positive)
    return np.divide(covariance, np.sqrt(spread), out=np.zeros(n), where=spread > 0)
