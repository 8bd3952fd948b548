"""How far apart two domains lie in feature space, as a linear classifier sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Shaped

STRENGTHS = (1e-4, 1e-2, 1.0)
"""Values of C that inner cross-validation chooses from, on features of mean 0 and variance 1."""


@dataclass(frozen=True)
class DomainDistance:
    """The proxy A-distance of two sets of features, between 0 (alike) and 2 (told apart without error).

    Parameters
    ----------
    value, low, high : float
        The distance and its percentile interval over held-out rows.
    error : float
        Balanced held-out error of the classifier; .5 is chance.
    strength : float
        The C that inner cross-validation chose.
    n_source, n_target : int
        Held-out rows of either domain.
    """

    value: float
    low: float
    high: float
    error: float
    strength: float
    n_source: int
    n_target: int


def proxy_a_distance(
    source: Shaped[np.ndarray, "n f"],
    target: Shaped[np.ndarray, "m f"],
    *,
    max_rows: int = 4000,
    n_resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> DomainDistance:
    """Proxy A-distance ``2 (1 - 2 error)`` of a logistic regression that tells two domains apart.

    Half of each domain fits the classifier, the other half measures its balanced error (Ben-David et al. 2007). It is a
    diagnosis, not a score: a method can lower it and gain nothing, and under a label shift a distance of 0 is harm.

    Parameters
    ----------
    source, target : ndarray, shapes (n, features) and (m, features)
        Frozen features, a row an example.
    max_rows : int
        Of each domain; more are thinned out at random.
    n_resamples, level : int, float
        Of the interval: held-out rows of each domain are drawn with replacement, the classifier stays.
    seed : int
        Of thinning, halving and resampling.

    Raises
    ------
    ValueError
        Where a domain has fewer than 12 rows or a feature is not finite.
    """
    rng = np.random.default_rng(seed)
    source, target = _thin(source, max_rows, rng), _thin(target, max_rows, rng)
    features = np.concatenate([source, target])
    if min(len(source), len(target)) < 12 or not np.isfinite(features).all():
        raise ValueError("the distance of two domains needs 12 rows or more of each, and finite features")
    is_target = np.arange(len(features)) >= len(source)
    fit = _halves(is_target, rng)
    classifier = _choose(features[fit], is_target[fit])
    wrong = classifier.predict(features[~fit]) != is_target[~fit]
    return _measure(wrong, is_target[~fit], classifier.best_params_["classify__C"], n_resamples, level, rng)


def _thin(features: np.ndarray, max_rows: int, rng: np.random.Generator) -> np.ndarray:
    features = np.asarray(features, float)
    if len(features) <= max_rows:
        return features
    return features[np.sort(rng.choice(len(features), max_rows, replace=False))]


def _halves(is_target: Bool[np.ndarray, " n"], rng: np.random.Generator) -> Bool[np.ndarray, " n"]:
    """Return True for a random half of either domain."""
    fit = np.zeros(len(is_target), bool)
    for domain in (False, True):
        rows = rng.permutation(np.flatnonzero(is_target == domain))
        fit[rows[: len(rows) // 2]] = True
    return fit


def _choose(features: Float64[np.ndarray, "n f"], is_target: Bool[np.ndarray, " n"]) -> Any:
    """Logistic regression on standardised features, its C by three-fold cross-validation."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    steps = [("scale", StandardScaler()), ("classify", LogisticRegression(class_weight="balanced", max_iter=2000))]
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    search = GridSearchCV(Pipeline(steps), {"classify__C": STRENGTHS}, scoring="balanced_accuracy", cv=folds)
    return search.fit(features, is_target)


def _measure(
    wrong: np.ndarray, is_target: np.ndarray, strength: float, n_resamples: int, level: float, rng: np.random.Generator
) -> DomainDistance:
    sizes = np.array([(~is_target).sum(), is_target.sum()])
    errors = np.array([wrong[~is_target].mean(), wrong[is_target].mean()])
    # Drawing 0/1 errors with replacement and counting them *is* a binomial draw.
    resampled = (rng.binomial(sizes, errors, size=(n_resamples, 2)) / sizes).mean(axis=1)
    low, high = np.quantile(_distance(resampled), [(1 - level) / 2, (1 + level) / 2])
    (value,) = _distance(errors.mean(keepdims=True))
    return DomainDistance(float(value), float(low), float(high), float(errors.mean()), strength, *map(int, sizes))


def _distance(error: np.ndarray) -> np.ndarray:
    return np.maximum(0.0, 2 * (1 - 2 * error))
