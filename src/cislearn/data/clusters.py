"""Which rows belong to one locus: windows that overlap, or that are the same sequence on either strand."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int64, UInt64

from cislearn.data.dataset import Dataset
from cislearn.data.origins import join_origins

CHROMOSOME_SPAN = 1 << 40
"""Distance between the zeros of two chromosomes on one common axis; longer than any chromosome."""


def has_locus(loci: pd.DataFrame) -> Bool[np.ndarray, " n"]:
    """Whether the place of each row is known."""
    return (loci["chrom"] != "").to_numpy(bool)


def chromosome_names(loci: pd.DataFrame) -> pd.Series:
    """Genome and chromosome of each row as one text; chromosomes of two genomes are two."""
    return loci["genome"].astype(str) + "|" + loci["chrom"].astype(str)


def on_one_axis(loci: pd.DataFrame) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " n"]]:
    """Lay all chromosomes on one axis: starts and ends of windows, which overlap there if they overlap at all."""
    offset = pd.factorize(chromosome_names(loci))[0].astype(np.int64) * CHROMOSOME_SPAN
    return offset + loci["start"].to_numpy(np.int64), offset + loci["end"].to_numpy(np.int64)


def cluster_starts(start: Int64[np.ndarray, " n"], end: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
    """For each interval the start of the cluster of overlapping intervals that it belongs to (one sorted sweep).

    Parameters
    ----------
    start, end : ndarray, shape (n,), int64
        0-based half-open; intervals that only touch do not overlap.
    """
    order = np.argsort(start, kind="stable")
    reach = np.maximum.accumulate(end[order])
    is_first = np.ones(len(start), dtype=bool)
    is_first[1:] = start[order][1:] >= reach[:-1]
    clusters = np.empty_like(start)
    clusters[order] = start[order][is_first][np.cumsum(is_first) - 1]
    return clusters


def overlaps_any(
    start: Int64[np.ndarray, " n"],
    end: Int64[np.ndarray, " n"],
    other_start: Int64[np.ndarray, " m"],
    other_end: Int64[np.ndarray, " m"],
) -> Bool[np.ndarray, " n"]:
    """Whether each interval shares a base with any of the others."""
    if not len(other_start):
        return np.zeros(len(start), dtype=bool)
    order = np.argsort(other_start)
    reach = np.concatenate([[np.iinfo(np.int64).min], np.maximum.accumulate(other_end[order])])
    return reach[np.searchsorted(other_start[order], end, side="left")] > start


def sequence_keys(dataset: Dataset) -> UInt64[np.ndarray, " n"]:
    """Key of each row, equal for equal windows on either strand, and for a window and its shuffles."""
    return join_origins(dataset.window_hashes, dataset.window_hashes, dataset.loci)


def similarity_keys(dataset: Dataset) -> UInt64[np.ndarray, " n"]:
    """Key of each row, equal for near duplicates and what they link, and for a window and its shuffles."""
    return join_origins(dataset.similar[0], dataset.window_hashes, dataset.loci)


def locus_clusters(dataset: Dataset) -> Int64[np.ndarray, " n"]:
    """Give each locus a number: rows whose windows overlap share a number, as do, without coordinates, near duplicates.

    Rows of one locus are not independent, whatever domain they are seen in: intervals resample these clusters whole.
    """
    placed = has_locus(dataset.loci)
    keys = cluster_starts(*on_one_axis(dataset.loci))
    if not placed.all():
        keys = np.where(placed, keys, similarity_keys(dataset).view(np.int64))
    # A key of a locus and one of a sequence are two, whatever their values.
    return pd.factorize(2 * pd.factorize(keys)[0] + placed)[0].astype(np.int64)
