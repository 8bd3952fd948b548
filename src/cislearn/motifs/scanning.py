"""The best match of motifs in windows, on either strand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, UInt8

from cislearn.motifs.matrix import Motif

CHUNK = 1 << 24
"""Numbers held at once by a scan (64 MB)."""


def best_matches(tokens: UInt8[np.ndarray, "n length"], motifs: Sequence[Motif]) -> Float32[np.ndarray, "n motifs"]:
    """Greatest log-odds score (bits, against equal base frequencies) of each motif over positions and both strands.

    An unknown base counts as the background does, with 0. A motif that is longer than the windows scores 0.
    """
    scores = np.zeros((len(tokens), len(motifs)), dtype=np.float32)
    one_hot = np.concatenate([np.eye(4, dtype=np.float32), np.zeros((1, 4), np.float32)])
    for width in sorted({motif.width for motif in motifs if motif.width <= tokens.shape[1]}):
        chosen = [m for m, motif in enumerate(motifs) if motif.width == width]
        odds = [np.log2(motifs[m].smoothed() / 0.25) for m in chosen]
        both = np.stack([o.T.ravel() for o in odds] + [o[::-1, ::-1].T.ravel() for o in odds]).astype(np.float32)
        places = tokens.shape[1] - width + 1
        step = max(1, CHUNK // (places * max(4 * width, len(both))))
        for first in range(0, len(tokens), step):
            part = one_hot[tokens[first : first + step]].reshape(-1, tokens.shape[1] * 4)
            # Every stretch of `width` bases as one row, so that all motifs of this width are one matrix product.
            stretches = np.lib.stride_tricks.sliding_window_view(part, 4 * width, axis=1)[:, ::4]
            best = (stretches.reshape(-1, 4 * width) @ both.T).reshape(-1, places, len(both)).max(axis=1)
            scores[first : first + step, chosen] = np.maximum(best[:, : len(chosen)], best[:, len(chosen) :])
    return scores
