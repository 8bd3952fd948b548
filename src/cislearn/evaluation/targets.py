"""Whether known targets of a regulator stand out by what the regulator is worth to them, and not for another reason."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64
from scipy.stats import rankdata

TENTHS = 10
"""Groups of genes by variance within which targets are compared with others."""


class TargetTest(NamedTuple):
    """How targets stand out.

    Parameters
    ----------
    n_targets, n_others : int
        Genes compared; the regulator's own gene is neither.
    cohen_d : float
        Difference of the means in standard deviations within the two groups.
    auroc : float
        Share of pairs of a target and another gene in which the target has the greater worth.
    matched : float
        The same over pairs of genes that vary about as much.
    p : float
        Share of regulators, this one included, that tell its targets as well by `matched`: the null is that any
        regulator would.
    """

    n_targets: int
    n_others: int
    cohen_d: float
    auroc: float
    matched: float
    p: float


def target_test(
    size: Float64[np.ndarray, "g r"],
    regulator: int,
    is_target: Bool[np.ndarray, " g"],
    variance: Float64[np.ndarray, " g"],
    own: Int64[np.ndarray, " g"],
) -> TargetTest:
    """Compare what a regulator is worth to its targets and to all other genes.

    Sums of absolute contributions go with how much a gene varies at all, and so do lists of targets: hence `matched`
    and a null over regulators. NaN where there is no target, or no other gene.

    Parameters
    ----------
    size : ndarray, shape (genes, regulators), float64
        What each regulator is worth to each gene.
    regulator : int
        Its column.
    is_target : ndarray, shape (genes,), bool
        The list.
    variance : ndarray, shape (genes,), float64
        Of what was measured of each gene.
    own : ndarray, shape (genes,), int64
        Which regulator a gene is itself, -1 for none.
    """
    kept = own != regulator
    size, is_target, variance = size[kept], is_target[kept], variance[kept]
    here, there = size[is_target, regulator], size[~is_target, regulator]
    if not (len(here) and len(there)):
        return TargetTest(len(here), len(there), *[float("nan")] * 4)
    matched = auroc_within(size, is_target, tenths(variance))
    mine = float(matched[regulator])
    return TargetTest(
        len(here),
        len(there),
        cohen_d(here, there),
        float(auroc_within(size[:, [regulator]], is_target, np.zeros(len(size), dtype=np.int64))[0]),
        mine,
        float(np.mean(matched >= mine)) if not np.isnan(mine) else mine,
    )


def auroc_within(
    values: Float64[np.ndarray, "g r"], is_target: Bool[np.ndarray, " g"], group: Int64[np.ndarray, " g"]
) -> Float64[np.ndarray, " r"]:
    """Share of pairs of a target and another gene of the same group in which the target is greater, for each column.

    Ties count a half. NaN where no group has both.
    """
    greater, pairs = np.zeros(values.shape[1]), 0
    for each in np.unique(group):
        inside = group == each
        n = int(is_target[inside].sum())
        ranks = rankdata(values[inside], axis=0)[is_target[inside]]
        greater += ranks.sum(axis=0) - n * (n + 1) / 2
        pairs += n * (int(inside.sum()) - n)
    return greater / pairs if pairs else np.full(values.shape[1], np.nan)


def tenths(values: Float64[np.ndarray, " g"]) -> Int64[np.ndarray, " g"]:
    """Number of the tenth of all genes that each is in, from the least to the greatest."""
    return np.argsort(np.argsort(values, kind="stable")) * TENTHS // max(1, len(values))


def cohen_d(here: Float64[np.ndarray, " n"], there: Float64[np.ndarray, " m"]) -> float:
    """Difference of the means in pooled standard deviations (Cohen 1988); NaN where nothing varies."""
    if len(here) + len(there) < 3:
        return float("nan")
    squares = ((here - here.mean()) ** 2).sum() + ((there - there.mean()) ** 2).sum()
    spread = np.sqrt(squares / (len(here) + len(there) - 2))
    return float((here.mean() - there.mean()) / spread) if spread > 0 else float("nan")
