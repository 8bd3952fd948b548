"""Networks whose filters are set by hand, and windows that hold what they look for."""

from __future__ import annotations

import numpy as np
import torch

from cislearn.models.network import Network, build_network
from cislearn.motifs.jaspar import jaspar
from cislearn.motifs.matrix import Motif
from cislearn.motifs.sampling import sample_instances
from cislearn.schema import DataSpec, TaskSpec
from cislearn.sequence.strand import reverse_complement
from cislearn.sequence.tokens import encode

LENGTH = 60
SPEC = DataSpec((TaskSpec("bound"),), ("cell",), LENGTH)
NAMES = ("MA0062.4", "MA0035.5", "MA0139.2")
"""GABPA, GATA1, CTCF."""


def planted_windows(
    motif: Motif, rng: np.random.Generator, n: int = 400, minus: bool = False, length: int = LENGTH
) -> tuple:
    """Random windows, the first half with an instance of a motif each; tokens and labels."""
    tokens = rng.integers(0, 4, (n, length), dtype=np.uint8)
    sites = sample_instances(motif, n // 2, rng)
    for row, site in enumerate(sites):
        at = rng.integers(0, length - motif.width + 1)
        turned = minus and row % 2
        tokens[row, at : at + motif.width] = reverse_complement(site) if turned else site
    return tokens, np.repeat([1.0, 0.0], [n // 2, n - n // 2])[:, None]


def planted_network(motifs: list[Motif], width: int = 19, **options: object) -> Network:
    """A motif_cnn of which each filter is the log odds of a motif, less half of its best score."""
    options = {"motifs": len(motifs), "motif_width": width, "pairs": 4, "features": 4, "layers": "plain"} | options
    network = build_network("motif_cnn", SPEC, options).eval()
    conv = network.encoder.stages[0].linear
    with torch.no_grad():
        conv.weight.zero_()
        for number, motif in enumerate(motifs):
            odds = torch.from_numpy(np.log2(motif.smoothed() / 0.25)).float()[:, :width]
            conv.weight[number, :, : odds.shape[1]] = odds
            conv.bias[number] = -odds.amax(0).sum() / 2
    return network


def exact(word: str) -> Motif:
    """A motif that is one word, on 100 sites."""
    return Motif(word, word, np.eye(4)[encode(word)].T, 100.0)


def known(names: tuple[str, ...] = NAMES) -> list[Motif]:
    return [jaspar(name) for name in names]
