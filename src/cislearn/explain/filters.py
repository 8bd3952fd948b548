"""Filters of the first layer as motifs: the sites that each answers to, aligned, and their bases counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor, nn

from cislearn.errors import UserError
from cislearn.explain.layer import Layer
from cislearn.explain.windows import Piece, Windows
from cislearn.models.strands import other_strand
from cislearn.motifs.matrix import Motif

Rule = Literal["half_maximum", "top"]
"""Which sites make a motif. ``half_maximum``: every place with more than half of the filter's greatest answer anywhere
(Kelley et al. 2016, Basset). ``top``: the best place of each of the `TOP` windows that it answers to most (Alipanahi et
al. 2015, DeepBind, took the best of each positive one)."""
TOP = 100
FEWEST = 10
"""Windows that a motif rests on, at least; filters with fewer are dropped."""
HALF = 0.5


class Aligned(NamedTuple):
    """The sites of each filter of a layer, counted."""

    counts: Float64[np.ndarray, "f 4 width"]
    """How often each base stands in each place; an N counts for none."""
    n_sites: Int64[np.ndarray, " f"]
    n_windows: Int64[np.ndarray, " f"]
    """Windows that hold one."""
    greatest: Float64[np.ndarray, " f"]
    """The greatest answer; 0 of a filter that never answers."""


@torch.inference_mode()
def align(model: nn.Module, layer: Layer, windows: Windows, rule: Rule = "half_maximum") -> Aligned:
    """Count the bases at the sites that each filter answers to.

    A model that reads both strands has its sites on both, each as the filter reads it: a filter and its tied partner
    are one. Memory does not grow with the number of windows.

    Parameters
    ----------
    model : nn.Module
        With ``embed(tokens, tracks)``, in evaluation mode, and the `layer` in it.
    layer : Layer
        See `motif_layer`.
    windows : Windows
        Of the model's length.
    rule : Rule
        Which sites.

    Raises
    ------
    UserError
        Where the windows are shorter than the filters.
    """
    if windows.length < layer.width:
        raise UserError(
            f"windows of {windows.length} bp are shorter than the filters of {layer.name}, which span {layer.width} bp",
            fix="Give longer windows.",
        )
    if rule == "top":
        return _of_top_windows(model, layer, windows)
    greatest = torch.zeros(layer.n_filters, dtype=torch.float64)
    for _, answers in _answers(model, layer, windows):
        greatest = torch.maximum(greatest, answers.amax((0, 2)).double())
    taps = layer.conv.kernel_size[0]
    counts = torch.zeros(layer.n_filters, 4 * taps, dtype=torch.float64)
    n_sites, n_windows = torch.zeros(2, layer.n_filters, dtype=torch.int64)
    for sites, answers in _answers(model, layer, windows):
        is_site = answers > HALF * greatest.float()[:, None]
        n_sites += is_site.sum((0, 2))
        n_windows += is_site.any(2).sum(0)
        counts += (is_site.transpose(0, 1).flatten(1).float() @ sites.flatten(0, 1)).double()
    return _aligned(counts, n_sites, n_windows, greatest)


def motifs_of(aligned: Aligned, names: list[str], fewest: int = FEWEST) -> dict[int, Motif]:
    """Return the motif of each filter by its number, less those that rest on fewer than `fewest` windows.

    Parameters
    ----------
    aligned : Aligned
        Of a layer.
    names : list of str
        Of its filters, as the motifs are to be called.
    fewest : int
        Windows.
    """
    motifs = {}
    for number in np.flatnonzero(aligned.n_windows >= fewest):
        counts = aligned.counts[number]
        known = counts.sum(axis=0)
        probabilities = np.where(known > 0, counts / np.maximum(known, 1), 0.25)
        motifs[int(number)] = Motif(names[number], names[number], probabilities, float(aligned.n_sites[number]))
    return motifs


def _answers(
    model: nn.Module, layer: Layer, windows: Windows
) -> Iterator[tuple[Float[Tensor, "n places taps4"], Float[Tensor, "n f places"]]]:
    """Yield, piece by piece, the bases at each place (four numbers a base of each tap) and what the filters say.

    Places of the other strand, where it is read, stand behind those of the strand given.
    """
    for piece in windows.pieces():
        strands = _strands(model, layer, piece)
        yield torch.cat([_stretches(x, layer) for x in strands], 1), torch.cat([layer.respond(x) for x in strands], 2)


def _strands(model: nn.Module, layer: Layer, piece: Piece) -> list[Float[Tensor, "n channels length"]]:
    tracks = None if piece.tracks is None else torch.from_numpy(piece.tracks)
    x = model.embed(torch.from_numpy(piece.tokens), tracks)  # type: ignore[operator]
    return [x, other_strand(x, layer.spec)] if layer.both_strands else [x]


def _stretches(x: Float[Tensor, "n channels length"], layer: Layer) -> Float[Tensor, "n places taps4"]:
    """Return the bases beneath a filter at each place, as ``4 * taps`` numbers, base by base of A, C, G, T."""
    spans = x[:, :4].unfold(2, layer.width, layer.conv.stride[0])[..., :: layer.conv.dilation[0]]
    return spans.permute(0, 2, 1, 3).flatten(2)


def _of_top_windows(model: nn.Module, layer: Layer, windows: Windows) -> Aligned:
    f, taps = layer.n_filters, layer.conv.kernel_size[0]
    best, bases = torch.zeros(0, f), torch.zeros(0, f, 4 * taps)
    for sites, answers in _answers(model, layer, windows):
        answer, place = answers.max(2)
        here = sites[torch.arange(len(sites))[:, None], place]
        best, bases = torch.cat([best, answer]), torch.cat([bases, here])
        best, kept = torch.sort(best, dim=0, descending=True, stable=True)
        best, kept = best[:TOP], kept[:TOP]
        bases = bases.gather(0, kept[:, :, None].expand(-1, -1, 4 * taps))
    answered = best > 0
    n = answered.sum(0)
    counts = (bases * answered[:, :, None]).sum(0).double()
    return _aligned(counts, n, n, best[0].double())


def _aligned(counts: Tensor, n_sites: Tensor, n_windows: Tensor, greatest: Tensor) -> Aligned:
    return Aligned(counts.reshape(len(counts), 4, -1).numpy(), n_sites.numpy(), n_windows.numpy(), greatest.numpy())
