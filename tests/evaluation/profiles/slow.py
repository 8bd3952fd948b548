"""The profile metrics once more, slowly: one locus, one strand, one bin at a time, with scipy's own functions."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from scipy import stats
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.distance import jensenshannon


def divergences(observed: np.ndarray, predicted: np.ndarray) -> list[float]:
    """Of each strand of one locus; the square of scipy's distance."""
    found = []
    for counts, shape in zip(observed, predicted, strict=True):
        smooth = [gaussian_filter1d(each.astype(float), 3, truncate=1) for each in (counts, shape)]
        found.append(jensenshannon(*smooth) ** 2 if counts.sum() and shape.sum() else np.nan)
    return found


def in_bins(values: np.ndarray, width: int, summed: Callable) -> list[float]:
    """Values of one row, bin by bin."""
    return [summed(values[first : first + width]) for first in range(0, len(values), width)]


def correlation(of: Callable, a: list[float], b: list[float]) -> float:
    """As scipy has it: NaN, with a warning, where one is constant."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return of(a, b).statistic


def strand_aware(observed: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """The seven values of one locus: sums in whole bins, strand by strand."""
    values = [divergences(observed, predicted)]
    for of in (stats.pearsonr, stats.spearmanr):
        for width in (1, 5, 10):
            whole = len(observed[0]) // width * width
            strands = zip(observed[:, :whole], predicted[:, :whole], strict=True)
            values.append([correlation(of, in_bins(a, width, sum), in_bins(b, width, sum)) for a, b in strands])
    return np.array([np.nanmean(each) if not np.isnan(each).all() else np.nan for each in values])


def published(observed: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """The seven values of one locus: maxima in bins, the last one short, of strands that are laid into each other."""
    values = [np.nanmean(divergences(observed, predicted))]
    a, b = (np.stack(list(each), axis=1).reshape(-1) for each in (observed, predicted))
    for of in (stats.pearsonr, stats.spearmanr):
        for width in (1, 5, 10):
            values.append(correlation(of, in_bins(a, width, max), in_bins(b, width, max)))
    return np.array(values)
