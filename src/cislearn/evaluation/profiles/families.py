"""Two families of profile metrics, locus by locus: the strands apart, and the ones that were published.

Both are the divergence of the smoothed profiles, the same in either, and Pearson and Spearman correlations at three
widths of bins. They differ in what a bin is. `strand_aware` bins each strand by itself and adds up the reads of a bin.
`published` is what the benchmark of Zhou et al. 2022 computed, kept to be compared with its tables: it takes the
*maximum* of a bin, and lays the strands into each other first, so that a "5 bp bin" holds two and a half bases of
either strand. `shape_scores` is both side by side, a column each metric.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64, Shaped

from cislearn.errors import UserError
from cislearn.evaluation.profiles.correlation import pearson_along, spearman_along
from cislearn.evaluation.profiles.divergence import jensen_shannon
from cislearn.evaluation.profiles.names import BINS, SHAPE
from cislearn.evaluation.weighting import divide

FamilyName = Literal["strand_aware", "published"]

BLOCK = 2**21
"""Values of one side of the profiles that are compared at a time (16 MB in double precision)."""


@dataclass(frozen=True)
class Family:
    """Metrics that are made of the same bins.

    Parameters
    ----------
    columns : mapping of str to tuple of int
        Of each metric, the columns of `locus_values` that it is the mean of.
    binned : callable
        Profiles (n, strands, length) and a width to values in bins (n, rows, bins): a row is correlated by itself.
    """

    columns: Mapping[str, tuple[int, ...]]
    binned: Callable[[np.ndarray, int], np.ndarray]


def sums_by_strand(profiles: Shaped[np.ndarray, "n s l"], width: int) -> Float64[np.ndarray, "n s b"]:
    """Sum of the reads in each bin of `width` bases, strand by strand.

    Bases past the last whole bin are left out: a shorter bin has fewer reads on either side, which would correlate.
    """
    n, strands, length = profiles.shape
    whole = np.asarray(profiles[:, :, : length // width * width], np.float64)
    return whole.reshape(n, strands, length // width, width).sum(axis=3)


def maxima_of_interleaved(profiles: Shaped[np.ndarray, "n s l"], width: int) -> Float64[np.ndarray, "n 1 b"]:
    """Maximum in each `width` values of the strands laid into each other: +, -, +, - ... along the window.

    The last bin has what is left.
    """
    interleaved = np.asarray(profiles, np.float64).transpose(0, 2, 1).reshape(len(profiles), 1, -1)
    return np.maximum.reduceat(interleaved, np.arange(0, interleaved.shape[2], width), axis=2)


FAMILIES: dict[FamilyName, Family] = {
    "strand_aware": Family(
        {
            "JSD": (0,),
            **{f"profile Pearson at {width} bp": (1 + place,) for place, width in enumerate(BINS)},
            **{f"profile Spearman at {width} bp": (1 + len(BINS) + place,) for place, width in enumerate(BINS)},
        },
        sums_by_strand,
    ),
    "published": Family({"published Pearson": (1, 2, 3), "published Spearman": (4, 5, 6)}, maxima_of_interleaved),
}


def shape_scores(
    observed: Shaped[np.ndarray, "n s l"], predicted: Shaped[np.ndarray, "n s l"]
) -> Float64[np.ndarray, "n 9"]:
    """What each locus gives to each metric of the shape, in the order of `SHAPE`.

    Parameters
    ----------
    observed : ndarray, shape (n, strands, length)
        Reads at each base; NaN everywhere at a locus without a label.
    predicted : ndarray, shape (n, strands, length)
        Probabilities of a strand's reads along the window.

    Returns
    -------
    ndarray, shape (n, 9)
        NaN where `locus_values` is, at one of the widths at least, and where there is no label.

    Raises
    ------
    UserError
        Where a profile is NaN in part.
    """
    labelled = np.flatnonzero(_is_labelled(observed))
    scores = np.full((len(observed), len(SHAPE)), np.nan)
    values = [locus_values(observed[labelled], predicted[labelled], name) for name in FAMILIES]
    columns = [
        of_family[:, list(chosen)].mean(axis=1)
        for of_family, family in zip(values, FAMILIES.values(), strict=True)
        for chosen in family.columns.values()
    ]
    scores[labelled] = np.column_stack(columns)
    return scores


def _is_labelled(profiles: Shaped[np.ndarray, "n s l"]) -> np.ndarray:
    """Loci with a profile; one has all of it or nothing."""
    missing = np.isnan(profiles)
    partly = np.flatnonzero(missing.any(axis=(1, 2)) & ~missing.all(axis=(1, 2)))
    if len(partly):
        raise UserError(
            f"{len(partly):,} of {len(profiles):,} profiles are NaN at some bases, the first in row {partly[0]:,}, "
            "counted from 0",
            fix="Read bases without a value as 0: a locus is labelled as a whole or not at all.",
        )
    return ~missing.all(axis=(1, 2))


def locus_values(
    observed: Shaped[np.ndarray, "n s l"], predicted: Shaped[np.ndarray, "n s l"], family: FamilyName = "strand_aware"
) -> Float64[np.ndarray, "n 7"]:
    """Divergence, Pearson correlations and Spearman correlations (at each of `BINS`) of each locus.

    Parameters
    ----------
    observed : ndarray, shape (n, strands, length)
        Reads at each base.
    predicted : ndarray, shape (n, strands, length)
        Probabilities of a strand's reads along the window; each strand sums to one.
    family : {"strand_aware", "published"}
        What a bin is.

    Returns
    -------
    ndarray, shape (n, 7)
        Means over the strands on which a value is defined. NaN where there is none: no reads, a constant profile, or
        one that holds no two bins.
    """
    step = max(1, BLOCK // max(1, observed[0].size)) if len(observed) else 1
    blocks = [slice(first, first + step) for first in range(0, len(observed), step)]
    found = [_of_block(observed[rows], predicted[rows], FAMILIES[family].binned) for rows in blocks]
    return np.concatenate([np.zeros((0, 1 + 2 * len(BINS))), *found])


def _of_block(
    observed: np.ndarray, predicted: np.ndarray, binned: Callable[[np.ndarray, int], np.ndarray]
) -> np.ndarray:
    pairs = [(binned(observed, width), binned(predicted, width)) for width in BINS]
    columns = [jensen_shannon(observed, predicted)]
    columns += [correlate(*pair) for correlate in (pearson_along, spearman_along) for pair in pairs]
    return np.column_stack([_over_strands(column) for column in columns])


def _over_strands(values: Float64[np.ndarray, "n s"]) -> Float64[np.ndarray, " n"]:
    defined = ~np.isnan(values)
    return divide(np.where(defined, values, 0.0).sum(axis=1), defined.sum(axis=1).astype(float))
