"""A linear classifier that tells two domains from features: its error is a distance, its odds are a density ratio."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Integer, Shaped

from cislearn.evaluation.halves import deal_clusters

STRENGTHS = (1e-4, 1e-2, 1.0)
"""Values of C that inner cross-validation chooses from, on standardised features."""
MOST_FEATURES = 256
"""Columns above which features are replaced by as many of their principal components."""
FOLDS = 3


def standardised(features: Shaped[np.ndarray, "n f"]) -> Float64[np.ndarray, "n k"]:
    """Return features with mean 0 and variance 1, or the first `MOST_FEATURES` principal components of these.

    Which domain a row is of plays no part in it, so that it can be done for all rows at once.

    Raises
    ------
    ValueError
        Where a feature is not finite.
    """
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    if not np.isfinite(features).all():
        raise ValueError("features must be finite to be compared")
    if min(features.shape) <= MOST_FEATURES:
        return StandardScaler().fit_transform(np.asarray(features, float))
    components = PCA(MOST_FEATURES, svd_solver="randomized", iterated_power=2, random_state=0)
    return components.fit_transform(StandardScaler().fit_transform(np.asarray(features, np.float32))).astype(float)


def fit_domain_classifier(
    features: Float64[np.ndarray, "n f"],
    is_target: Bool[np.ndarray, " n"],
    clusters: Integer[np.ndarray, " n"],
    rng: np.random.Generator,
) -> tuple[Any, float]:
    """Fit a logistic regression in which both domains count the same, its C by inner cross-validation over loci.

    Parameters
    ----------
    features : ndarray, shape (n, f)
        `standardised`.
    is_target : ndarray, shape (n,), bool
        Which domain each row is of.
    clusters : ndarray, shape (n,)
        Cluster of loci of each row.
    rng : Generator
        Deals the folds.

    Returns
    -------
    classifier, strength : object, float
        With `predict` and `decision_function` as scikit-learn has them; the C that was chosen.
    """
    folds = deal_clusters(clusters, is_target, FOLDS, rng)
    strength = _choose_strength(features, is_target, folds)
    return _fit(features, is_target, strength), strength


def balanced_error(wrong: Bool[np.ndarray, " n"], is_target: Bool[np.ndarray, " n"]) -> float:
    """Return the mean of the two domains' shares of wrong rows."""
    return float((wrong[is_target].mean() + wrong[~is_target].mean()) / 2)


def _choose_strength(features: np.ndarray, is_target: np.ndarray, folds: np.ndarray) -> float:
    """Of the least log loss over all folds together; the middle one where a fold leaves a domain without a row."""
    if any(len(np.unique(is_target[folds != fold])) < 2 for fold in range(FOLDS)):
        return STRENGTHS[1]
    # By the share of the other domain, so that both count the same, as they do in the fit.
    weights = np.where(is_target, (~is_target).mean(), is_target.mean())
    losses = []
    for strength in STRENGTHS:
        odds = np.zeros(len(is_target))
        for fold in np.unique(folds):
            fitted = _fit(features[folds != fold], is_target[folds != fold], strength)
            odds[folds == fold] = fitted.decision_function(features[folds == fold])
        losses.append((weights * np.logaddexp(0, np.where(is_target, -odds, odds))).sum())
    return STRENGTHS[int(np.argmin(losses))]


def _fit(features: np.ndarray, is_target: np.ndarray, strength: float) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, class_weight="balanced", max_iter=2000).fit(features, is_target)
