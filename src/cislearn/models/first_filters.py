"""First weights of motif detectors: known motifs in the place of noise."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from cislearn.motifs.jaspar import jaspar_vertebrates
from cislearn.motifs.matrix import Motif

PSEUDOCOUNT = 0.02
"""Added to each probability: an impossible base counts -3.8 bits, not minus infinity."""
LOUDNESS = 1.5
"""Spread of a known motif's weights over that of the noise that it replaces."""


def known_motifs(weight: Tensor, n: int) -> None:
    """Make the first `n` filters JASPAR motifs of vertebrates, drawn with PyTorch's generator; the rest stay.

    A motif stands in the middle of its filter as log odds against equal bases; of one that is wider than the filter
    the most informative stretch is taken. Filters see either strand through augmentation or as one of a pair, so motifs
    are taken as they are.

    Parameters
    ----------
    weight : Tensor, shape (filters, 4, width)
        Of a convolution over one-hot ACGT; its first `n` filters are overwritten.
    n : int
        At most the number of filters; where it is more than there are motifs, each is taken once.
    """
    if n == 0:
        return
    motifs = list(jaspar_vertebrates().values())
    chosen = torch.randperm(len(motifs))[:n].tolist()
    odds = torch.from_numpy(np.stack([_log_odds(motifs[m], weight.shape[2]) for m in chosen]))
    with torch.no_grad():
        weight[: len(odds)] = odds * (LOUDNESS * weight.std() / odds.std())


def _log_odds(motif: Motif, width: int) -> Float32[np.ndarray, "4 width"]:
    probabilities = motif.probabilities
    if motif.width > width:
        information = (probabilities * np.log2(np.maximum(probabilities, 1e-9) / 0.25)).sum(axis=0)
        first = int(np.convolve(information, np.ones(width), "valid").argmax())
        probabilities = probabilities[:, first : first + width]
    odds = np.log2((probabilities + PSEUDOCOUNT) / (0.25 * (1 + 4 * PSEUDOCOUNT)))
    before = (width - odds.shape[1]) // 2
    return np.pad(odds, ((0, 0), (before, width - odds.shape[1] - before))).astype(np.float32)
