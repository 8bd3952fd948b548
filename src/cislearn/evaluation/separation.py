"""How well a few numbers a row tell two sets of rows apart."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Integer, Shaped

from cislearn.evaluation.halves import hold_out_half
from cislearn.evaluation.intervals import Estimate, estimate
from cislearn.evaluation.ranking import auroc_many


def separation(
    features: Shaped[np.ndarray, "n f"],
    is_second: Bool[np.ndarray, " n"],
    clusters: Integer[np.ndarray, " n"],
    *,
    n_resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Estimate | None:
    """AUROC with which a logistic regression tells two sets of rows apart; .5 if it cannot.

    It is fitted to one half of the loci (`hold_out_half`) and measured on the other.

    Parameters
    ----------
    features : ndarray, shape (n, f)
        Finite.
    is_second : ndarray, shape (n,), bool
        Which set each row is of.
    clusters : ndarray, shape (n,)
        Cluster of loci of each row; halves are drawn, and intervals resampled, by these.
    n_resamples, level, seed
        Of the bootstrap; the seed also halves the loci.

    Returns
    -------
    Estimate or None
        None where a half has fewer than 6 rows of a set.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    held_out = hold_out_half(clusters, is_second, np.random.default_rng(seed))
    if held_out is None:
        return None
    classifier = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=1000))
    classifier.fit(features[~held_out], is_second[~held_out])
    scores = classifier.decision_function(features[held_out])[None]
    of = is_second[held_out], scores, clusters[held_out]
    return estimate(auroc_many, *of, n_resamples=n_resamples, level=level, seed=seed)
