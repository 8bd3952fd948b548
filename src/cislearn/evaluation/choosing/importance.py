"""Deep embedded validation: the source's loss, each row weighted by how much it looks like the target."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64, Integer, Shaped

from cislearn.evaluation.domain_classifier import fit_domain_classifier


def density_ratio(
    features: Float64[np.ndarray, "n f"],
    is_target: Bool[np.ndarray, " n"],
    clusters: Integer[np.ndarray, " n"],
    at: Float64[np.ndarray, "m f"],
    *,
    seed: int = 0,
) -> Float64[np.ndarray, " m"]:
    """Density of the target over that of the source at the features `at`: the odds of a domain classifier.

    Parameters
    ----------
    features : ndarray, shape (n, f)
        Of training rows of both domains; these and `at` are `standardised` together.
    is_target : ndarray, shape (n,), bool
        Which domain each is of. Both count the same, whatever their sizes, so that the odds need no correction.
    clusters : ndarray, shape (n,)
        Cluster of loci of each row.
    at : ndarray, shape (m, f)
        Of rows that the classifier has not seen.
    seed : int
        Of the folds that choose its strength.
    """
    fitted, _ = fit_domain_classifier(features, is_target, clusters, np.random.default_rng(seed))
    return np.exp(np.clip(fitted.decision_function(at), -30, 30))


def deep_embedded_validation(losses: Shaped[np.ndarray, " n"], weights: Shaped[np.ndarray, " n"]) -> float:
    """Risk on the target, estimated from weighted source losses with a control variate (You et al. 2019, DEV).

    ``mean(w l) + eta (mean(w) - 1)`` with ``eta = -cov(w l, w) / var(w)``: the weights are 1 on average, so that what
    they differ from it in these rows tells of the error of the first term. It assumes that a window of given features
    is positive as often in either domain, and that the source has rows everywhere that the target has some.

    Parameters
    ----------
    losses : ndarray, shape (n,)
        Of source rows that training did not see.
    weights : ndarray, shape (n,)
        Density ratio at each of these rows, not negative.

    Returns
    -------
    float
        Smaller is better. It may fall below 0.
    """
    losses, weights = np.asarray(losses, float), np.asarray(weights, float)
    weighted = weights * losses
    variance = weights.var(ddof=1)
    eta = -np.cov(weighted, weights)[0, 1] / variance if variance > 0 else 0.0
    return float(weighted.mean() + eta * (weights.mean() - 1))
