"""Vectors of many numbers laid into a plane, to be looked at."""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float, Shaped

from cislearn.evaluation.domain_classifier import standardised

Layout = Literal["tsne", "pca"]
LAYOUTS: tuple[Layout, ...] = ("tsne", "pca")
PERPLEXITY = 30.0
"""Neighbours that a point has in t-SNE, about; van der Maaten and Hinton call 5 to 50 usual."""


def plane(features: Shaped[np.ndarray, "n f"], layout: Layout = "tsne", seed: int = 0) -> Float[np.ndarray, "n 2"]:
    """Return places of `n` vectors in a plane; the same for the same seed.

    Parameters
    ----------
    features : ndarray, shape (n, f)
        Finite, two numbers or more each. Each is standardised first, so that its unit does not count.
    layout : {"tsne", "pca"}
        Where neighbours stay neighbours (`tsne`), or the first two principal components.
    seed : int
        Of what is drawn on the way.
    """
    from sklearn.decomposition import PCA

    values = standardised(features)
    if layout == "tsne":
        return tsne(values, seed=seed)
    return PCA(2, svd_solver="full").fit_transform(values)


def tsne(
    values: Shaped[np.ndarray, "n f"], *, perplexity: float = PERPLEXITY, seed: int = 0
) -> Float[np.ndarray, "n 2"]:
    """Return places in a plane by t-SNE (van der Maaten and Hinton 2008), begun from the principal components.

    Few points have fewer neighbours: a third of the others at most.
    """
    from sklearn.manifold import TSNE

    perplexity = min(perplexity, (len(values) - 1) / 3)
    return TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(np.asarray(values, np.float64))
