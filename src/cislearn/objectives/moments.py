"""Features whose mean and covariance are the same in source and target: CORAL and MORALE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from cislearn.objectives.alignment import Alignment
from cislearn.objectives.objective import register


def moment_distance(source: Float[Tensor, "n f"], target: Float[Tensor, "m f"]) -> Float[Tensor, ""]:
    """Return ``1/4 mean((C_s - C_t)^2) + mean((mu_s - mu_t)^2)``, zero if and only if both moments agree.

    The first term is the loss of Sun and Saenko 2016 (Deep CORAL, eq. 1), whose covariances divide by n - 1; the second
    is added by MORALE (Ebeid et al. 2025, bioRxiv 2025.05.21.655414). Both are means over entries, so their scale does
    not grow with the number of features, but with the features' own: as their fourth and second power.
    """
    means = (source.mean(0) - target.mean(0)).square().mean()
    return _covariance_difference(source, target) / 4 + means


def _covariance_difference(source: Float[Tensor, "n f"], target: Float[Tensor, "m f"]) -> Float[Tensor, ""]:
    """Return ``mean((C_s - C_t)^2)`` over the f x f entries."""
    rows, n_features = len(source) + len(target), source.shape[1]
    if n_features <= rows:
        return (torch.cov(source.T) - torch.cov(target.T)).square().mean()
    # With z = (x - mean) / sqrt(n - 1) and s = 1 for source rows and -1 for target rows, C_s - C_t is the sum of
    # s z z^T, and its squared norm that of s s' (z . z')^2 over pairs of rows: f x f entries are never made.
    scaled = [(each - each.mean(0)) / (len(each) - 1) ** 0.5 for each in (source, target)]
    z = torch.cat(scaled)
    sign = torch.cat([z.new_ones(len(source)), -z.new_ones(len(target))])
    return sign @ (z @ z.T).square() @ sign / n_features**2


@register("moments")
class Moments(Alignment):
    """Supervised loss plus the distance of the means and covariances of source and target features (CORAL, MORALE).

    ``task loss + weight x schedule(p) x (1/4 mean((C_s - C_t)^2) + mean((mu_s - mu_t)^2))``; Sun and Saenko 2016, with
    the mean term of Ebeid et al. 2025. Nothing is trained beside the network. It assumes that the same features are
    informative in both domains and that the share of positives is about equal.

    Parameters
    ----------
    weight : float
        Of the distance; 1 as published, for a network of larger features.
    schedule : str or mapping
        How that weight grows over the training: ``late``, ``ganin``, ``sawtooth``, ``constant``, or one with options.
    sources : {"pooled", "each"}
        Whether the distance is that of all sources together, or the mean over them of the distance of each.
    class_weights : mapping of str to list of float, optional
        As for `Supervised`.
    """

    def __init__(
        self,
        *,
        weight: float = 30.0,
        schedule: str | Mapping[str, Any] = "ganin",
        sources: str = "pooled",
        class_weights: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        super().__init__(weight=weight, schedule=schedule, sources=sources, class_weights=class_weights)

    def distance(self, source: Float[Tensor, "n f"], target: Float[Tensor, "m f"]) -> Float[Tensor, ""]:
        """Return `moment_distance`."""
        return moment_distance(source, target)
