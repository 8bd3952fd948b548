"""Draws of a bootstrap, and what metrics are worth under them: each drawn once, each computed once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import chain
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Integer, Shaped, UInt8

ManyMetric = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""``metric(labels (n, ...), scores (n, ...), weights (r, n)) -> (r,)``, as `auroc_many`; a panel's gives (r, k)."""

BLOCK = 2**22
"""Weights drawn at a time (4 MB)."""

KEPT = 2**27
"""Bytes of draws, and four times as many of values, that `Resamples` keeps at most."""


class Panel(NamedTuple):
    """Metrics that are computed together, of scores of one kind.

    Parameters
    ----------
    names : tuple of str
        One for each of the `k` metrics.
    metric : callable
        Gives all of them at once, a column each.
    scores : ndarray, shape (seeds, n, ...)
        What the metric takes (scores, calls, probabilities, logits), a row each seed.
    """

    names: tuple[str, ...]
    metric: ManyMetric
    scores: Shaped[np.ndarray, "seeds n *rest"]


def bootstrap_weights(
    clusters: Integer[np.ndarray, " n"], n_resamples: int, seed: int
) -> Iterator[UInt8[np.ndarray, "block n"]]:
    """How often each row is drawn when whole clusters are drawn with replacement, as many as there are; in blocks.

    Parameters
    ----------
    clusters : ndarray, shape (n,)
        Any integers; rows with the same one stay together.
    n_resamples : int
        Rows of all blocks together.
    seed : int
        Same seed, same weights, whatever the number of resamples: the first ones agree.
    """
    names, code = np.unique(clusters, return_inverse=True)
    rng = np.random.default_rng(seed)
    step = max(1, BLOCK // max(1, len(clusters)))
    for first in range(0, n_resamples, step):
        rows = min(step, n_resamples - first)
        drawn = rng.integers(len(names), size=(rows, len(names))) if len(names) else np.zeros((rows, 0), np.int64)
        drawn += np.arange(rows)[:, None] * len(names)
        counts = np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape)
        # A byte holds them: no cluster of 256 or more is drawn 256 times. As metrics read them, a row is contiguous.
        yield np.take(np.ascontiguousarray(counts.T, np.uint8), code, axis=0).T


class Resamples:
    """What metrics are worth under the draws of a bootstrap, kept by what they were computed of.

    Tables that are given the same one draw and compute nothing twice: a difference is between scores that another table
    has as well, and tasks whose rows are the same are resampled alike. What is kept is bounded, and numbers are the
    same without it.
    """

    def __init__(self) -> None:
        self._drawn: tuple[Hashable, list[UInt8[np.ndarray, "block n"]]] = (None, [])
        self._found: dict[Hashable, Float64[np.ndarray, "resamples k"]] = {}

    def values(
        self,
        panels: Sequence[Panel],
        labels: Shaped[np.ndarray, "n ..."],
        clusters: Integer[np.ndarray, " n"],
        n_resamples: int,
        seed: int,
    ) -> list[Float64[np.ndarray, "resamples seeds _"]]:
        """Return the metrics of each panel: first of the rows as they are, then under each of `n_resamples` draws."""
        drawing = (_content(clusters), n_resamples, seed)
        rows = _content(labels)
        keys: list[list[Hashable]] = [
            [(panel.metric, _content(each), rows, *drawing) for each in panel.scores] for panel in panels
        ]
        wanted: dict[Hashable, tuple[ManyMetric, np.ndarray]] = {
            key: (panel.metric, each)
            for panel, mine in zip(panels, keys, strict=True)
            for key, each in zip(mine, panel.scores, strict=True)
        }
        found = {key: self._found[key] for key in wanted if key in self._found}
        lacking = {key: given for key, given in wanted.items() if key not in found}
        if lacking:
            blocks = chain([np.ones((1, len(labels)), np.uint8)], self._weights(clusters, drawing))
            found |= _compute(lacking, labels, blocks)
            self._keep(found)
        return [np.stack([found[key] for key in mine], axis=1) for mine in keys]

    def _weights(
        self, clusters: Integer[np.ndarray, " n"], drawing: tuple[bytes, int, int]
    ) -> Iterable[UInt8[np.ndarray, "block n"]]:
        """Return the blocks of `bootstrap_weights`: the last ones where they are the same, if these were few enough."""
        _, n_resamples, seed = drawing
        if n_resamples * len(clusters) > KEPT:
            return bootstrap_weights(clusters, n_resamples, seed)
        if self._drawn[0] != drawing:
            self._drawn = (drawing, list(bootstrap_weights(clusters, n_resamples, seed)))
        return self._drawn[1]

    def _keep(self, found: dict[Hashable, Float64[np.ndarray, "resamples k"]]) -> None:
        self._found |= found
        size = sum(each.nbytes for each in self._found.values())
        while size > 4 * KEPT:
            size -= self._found.pop(next(iter(self._found))).nbytes


def _compute(
    lacking: dict[Hashable, tuple[ManyMetric, np.ndarray]], labels: np.ndarray, blocks: Iterable[np.ndarray]
) -> dict[Hashable, np.ndarray]:
    found: dict[Hashable, list[np.ndarray]] = {key: [] for key in lacking}
    for weights in blocks:
        for key, (metric, scores) in lacking.items():
            found[key].append(metric(labels, scores, weights).reshape(len(weights), -1))
    return {key: np.concatenate(each).astype(np.float64) for key, each in found.items()}


def _content(values: Shaped[np.ndarray, "*shape"]) -> bytes:
    """What tells arrays apart: a hash of shape, type and content."""
    about = f"{values.shape} {values.dtype} ".encode()
    return blake2b(about + values.tobytes()).digest()
