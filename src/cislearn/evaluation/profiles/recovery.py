"""What a predicted profile recovers of one that is known, as simulated ones are: place, height and strand."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float, Float64, Integer

from cislearn.evaluation.intervals import Estimate, estimates
from cislearn.evaluation.profiles.divergence import jensen_shannon
from cislearn.evaluation.profiles.panels import means_over_rows_many
from cislearn.evaluation.regression import pearson_many
from cislearn.evaluation.resamples import Panel

JSD, PLACED = "JSD to the truth", "piles placed"
COUNTS, STRANDS = "counts Pearson to the truth", "strand Pearson to the truth"
RECOVERED = (JSD, PLACED, COUNTS, STRANDS)
AROUND, OFF = 12, 2
"""bp on either side of a pile within which its summit is looked for, and by which it may be off."""


def recovered(
    truth: Float[np.ndarray, "n 2 length"],
    piles: pd.DataFrame,
    shape: Float[np.ndarray, "seeds n 2 length"],
    log_counts: Float[np.ndarray, "seeds n 2"],
    clusters: Integer[np.ndarray, " n"],
) -> dict[str, Estimate]:
    """Return each of `RECOVERED` with its interval over loci and seeds.

    `JSD`: divergence of the predicted shape from that of the counts expected, mean over strands and windows. `PLACED`:
    share of the piles that stand alone whose predicted summit is right (`placed`). `COUNTS`, `STRANDS`: correlations
    over windows, of log(1 + N) of both strands together, and of how much more the plus strand has (difference of
    log(1 + N)).

    Parameters
    ----------
    truth : ndarray, shape (n, 2, length)
        Counts expected at each base.
    piles : DataFrame
        See `placed`.
    shape : ndarray, shape (seeds, n, 2, length)
        Probabilities predicted.
    log_counts : ndarray, shape (seeds, n, 2)
        ``log(1 + N)`` predicted of each strand.
    clusters : ndarray, shape (n,)
        Cluster of loci of each row.
    """
    means = [np.column_stack([jensen_shannon(truth, each).mean(axis=1), placed(each, piles)]) for each in shape]
    found = estimates([Panel((JSD, PLACED), means_over_rows_many, np.stack(means))], np.zeros(len(truth)), clusters)
    counts = np.maximum(np.expm1(log_counts), 0)
    true = truth.sum(axis=2)
    for name, said, right in (
        (COUNTS, np.log1p(counts.sum(axis=2)), np.log1p(true.sum(axis=1))),
        (STRANDS, _lean(counts), _lean(true)),
    ):
        found |= estimates([Panel((name,), _pearson, said)], right, clusters)
    return found


def placed(shape: Float[np.ndarray, "n 2 length"], piles: pd.DataFrame) -> Float64[np.ndarray, " n"]:
    """Return of each window the share of its lone piles whose summit lies within `OFF` bp of the right place.

    A pile stands alone where no other one of its strand lies within 2 `AROUND` bp, and `AROUND` bp of the profile lie
    on either side of it. Its summit is the greatest value within `AROUND` bp, and so a flat profile with some noise is
    right in a fifth of the cases. NaN for a window without such a pile.

    Parameters
    ----------
    shape : ndarray, shape (n, 2, length)
        Predicted.
    piles : DataFrame
        row (0 to n - 1), strand (0 plus, 1 minus), centre (0-based in the profile, may lie outside).
    """
    ordered = piles.sort_values(["row", "strand", "centre"])
    place = ordered["centre"].to_numpy()
    same = (ordered[["row", "strand"]].to_numpy()[1:] == ordered[["row", "strand"]].to_numpy()[:-1]).all(axis=1)
    is_close = same & (np.diff(place) <= 2 * AROUND)
    alone = ~np.r_[False, is_close] & ~np.r_[is_close, False]
    alone &= (place >= AROUND) & (place < shape.shape[2] - AROUND)
    row, strand, place = (ordered[name].to_numpy()[alone] for name in ("row", "strand", "centre"))
    around = np.arange(-AROUND, AROUND + 1)
    summit = around[shape[row[:, None], strand[:, None], place[:, None] + around].argmax(axis=1)]
    n = np.bincount(row, minlength=len(shape))
    right = np.bincount(row, weights=np.abs(summit) <= OFF, minlength=len(shape))
    return np.divide(right, n, out=np.full(len(shape), np.nan), where=n > 0)


def _lean(counts: Float[np.ndarray, "*rows 2"]) -> Float[np.ndarray, "*rows"]:
    return np.log1p(counts[..., 0]) - np.log1p(counts[..., 1])


def _pearson(labels: np.ndarray, predicted: np.ndarray, weights: np.ndarray) -> Float64[np.ndarray, "r 1"]:
    return pearson_many(labels, predicted, weights)[:, None]
