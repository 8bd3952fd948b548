"""Features whose whole distribution is the same in source and target, as far as kernels can tell: MMD."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from cislearn.objectives.alignment import Alignment
from cislearn.objectives.objective import register
from cislearn.objectives.options import check_switch

FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Bandwidths of the kernels, as multiples of the median squared distance."""


def squared_distances(x: Float[Tensor, "n f"]) -> Float[Tensor, "n n"]:
    """Return the squared Euclidean distance of each row to each."""
    centred = x - x.mean(0)  # what all rows share would cost digits in the difference below
    norms = centred.square().sum(1)
    # Its root is nowhere taken, so equal rows have a gradient; rounding may leave them a little below 0.
    return (norms[:, None] + norms[None, :] - 2.0 * centred @ centred.T).clamp_min(0.0)


def squared_mmd(
    source: Float[Tensor, "n f"], target: Float[Tensor, "m f"], *, unbiased: bool = True
) -> Float[Tensor, ""]:
    """Return the squared maximum mean discrepancy under a mean of five Gaussian kernels.

    ``E k(s, s') + E k(t, t') - 2 E k(s, t)`` with ``k(x, y) = mean over c of exp(-|x - y|^2 / (c m))``, c in `FACTORS`;
    m is the median squared distance between different rows of both sets (the median heuristic, Gretton et al. 2012),
    or a hundredth of their mean where most rows are equal, taken as a constant, so the distance does not depend on the
    features' scale. As Long et al. 2015 have it, but with
    equal weights of the kernels, and with all pairs in the place of their linear-time estimate.

    Parameters
    ----------
    source, target : Tensor, shape (n, f) and (m, f)
        Features, two rows or more each.
    unbiased : bool
        Leave pairs of a row with itself out (Gretton et al. 2012, lemma 6): zero on average where the distributions are
        equal, so it can be negative. The biased estimate is never negative, and above zero even then.
    """
    n, m = len(source), len(target)
    squared = squared_distances(torch.cat([source, target]))
    is_pair = ~torch.eye(n + m, dtype=torch.bool, device=squared.device)
    apart = squared.detach()[is_pair]
    bandwidth = torch.maximum(apart.median(), apart.mean() / 100).clamp_min(torch.finfo(squared.dtype).tiny)
    kernel = torch.stack([torch.exp(-squared / (factor * bandwidth)) for factor in FACTORS]).mean(0)
    within_source, within_target = kernel[:n, :n].sum(), kernel[n:, n:].sum()
    if unbiased:  # the kernel of a row with itself is 1
        within_source, within_target = (within_source - n) / (n * (n - 1)), (within_target - m) / (m * (m - 1))
    else:
        within_source, within_target = within_source / n**2, within_target / m**2
    return within_source + within_target - 2.0 * kernel[:n, n:].mean()


@register("mmd")
class MMD(Alignment):
    """Supervised loss plus the maximum mean discrepancy of source and target features (deep adaptation network).

    ``task loss + weight x schedule(p) x MMD^2``; Long et al. 2015, on the last features. The kernels follow the
    features' scale, and the weight grows from 0: with a fixed bandwidth, or full weight from the first step, features
    are prone to collapse. It assumes that the same features are informative in both domains and that the share of
    positives is about equal.

    Parameters
    ----------
    weight : float
        Of the squared discrepancy.
    schedule : str or mapping
        How that weight grows over the training: ``late``, ``ganin``, ``sawtooth``, ``constant``, or one with options.
    unbiased : bool
        Whether pairs of a row with itself are left out of the estimate.
    sources : {"pooled", "each"}
        Whether the distance is that of all sources together, or the mean over them of the distance of each.
    class_weights : mapping of str to list of float, optional
        As for `Supervised`.
    """

    def __init__(
        self,
        *,
        weight: float = 1.0,
        schedule: str | Mapping[str, Any] = "ganin",
        unbiased: bool = True,
        sources: str = "pooled",
        class_weights: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        super().__init__(weight=weight, schedule=schedule, sources=sources, class_weights=class_weights)
        self.unbiased = check_switch("unbiased", unbiased)

    def distance(self, source: Float[Tensor, "n f"], target: Float[Tensor, "m f"]) -> Float[Tensor, ""]:
        """Return `squared_mmd`."""
        return squared_mmd(source, target, unbiased=self.unbiased)
