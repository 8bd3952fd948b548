"""How well attributions, and the filters of the first layer, tell planted motifs from the bases about them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Float64, Int, UInt8
from torch import nn

from cislearn.evaluation.intervals import Estimate, estimates
from cislearn.evaluation.metrics import auprc
from cislearn.evaluation.profiles.panels import means_over_rows_many
from cislearn.evaluation.resamples import Panel
from cislearn.explain.filters import align, motifs_of
from cislearn.explain.layer import motif_layers
from cislearn.explain.matching import Q, by_chance, is_named, match
from cislearn.explain.windows import windows_in_memory
from cislearn.motifs.matrix import Motif

AUPRC = "AUPRC"


def planted_bases(
    truth: pd.DataFrame, rows: Int[np.ndarray, " n"], motifs: Sequence[str], length: int
) -> Bool[np.ndarray, "n length"]:
    """Say which bases of windows lie in a planted motif.

    Parameters
    ----------
    truth : DataFrame
        row, motif (name), start, end: 0-based half-open in the window.
    rows : ndarray, shape (n,)
        Which windows.
    motifs : sequence of str
        Names of the motifs that count.
    length : int
        Of a window in bp.
    """
    place = pd.Series(np.arange(len(rows)), index=rows)
    mine = truth[truth["motif"].isin(motifs) & truth["row"].isin(rows)]
    position = np.arange(length)
    planted = np.zeros((len(rows), length), dtype=bool)
    for row, start, end in mine[["row", "start", "end"]].itertuples(index=False):
        planted[place[row]] |= (position >= start) & (position < end)
    return planted


def auprc_by_window(
    planted: Bool[np.ndarray, "n length"], worth: Float[np.ndarray, "n length"]
) -> Float64[np.ndarray, " n"]:
    """Return of each window the AUPRC of the size of what its bases are worth against where motifs were planted.

    NaN for a window without a planted motif. By chance it is the share of planted bases.
    """
    return np.array([auprc(*pair) if pair[0].any() else np.nan for pair in zip(planted, np.abs(worth), strict=True)])


def mean_over_windows(by_seed: Sequence[Float[np.ndarray, " n"]]) -> Estimate:
    """Return the mean over windows and seeds, with its interval over both; windows are independent."""
    values = np.stack(by_seed)[:, :, None]
    n = values.shape[1]
    return estimates([Panel((AUPRC,), means_over_rows_many, values)], np.zeros(n), np.arange(n))[AUPRC]


def named_by_filters(
    model: nn.Module, tokens: UInt8[np.ndarray, "n length"], planted: Sequence[Motif], known: Sequence[Motif]
) -> set[str] | None:
    """Return which planted motifs the filters of the first layer are named by; None where no filter reads the bases.

    A filter with sites in enough windows names those among its five best matches at q <= `Q`, if a random order of its
    positions seldom matches as well (`is_named`): relatives share motifs, and the very first is as often one of these.

    Parameters
    ----------
    model : nn.Module
        As `load_members` gives it.
    tokens : ndarray, shape (n, length)
        Held-out windows.
    planted, known : list of Motif
        Those sought, by identifier; the collection that holds them.
    """
    layers = motif_layers(model)
    if not layers:
        return None
    aligned = align(model, layers[0], windows_in_memory(tokens))
    motifs = motifs_of(aligned, [f"filter_{number}" for number in range(layers[0].n_filters)])
    table = match(list(motifs.values()), known)
    sought = {motif.identifier for motif in planted}
    hits = table[table["match"].isin(sought) & (table["q"] <= Q)]
    if hits.empty:
        return set()
    # Random orders are the slow part: only of filters that matter.
    best = table.groupby("motif")[["p", "q"]].min()
    found = [motif for motif in motifs.values() if motif.identifier in set(hits["motif"])]
    least = best.loc[[motif.identifier for motif in found]]
    named = is_named(least["q"].to_numpy(), by_chance(found, known, least["p"].to_numpy()))
    names = {motif.identifier for motif, is_one in zip(found, named, strict=True) if is_one}
    return set(hits.loc[hits["motif"].isin(names), "match"])
