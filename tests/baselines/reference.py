"""Gapped-k-mer kernels as their definition says, word by word and base by base: slow, and nothing shared with ours."""

from __future__ import annotations

from itertools import combinations, product
from math import comb

import numpy as np

from cislearn.sequence.tokens import decode

OTHER = dict(zip("ACGTN", "TGCAN", strict=True))


def words(sequence: str, l: int, centred: bool) -> list[tuple[str, float]]:  # noqa: E741
    """Each word of both strands, with what it counts, those with N left out."""
    n, found = len(sequence) - l + 1, []
    for i in range(n):
        word = sequence[i : i + l]
        if "N" in word:
            continue
        weight = min(50, int(np.floor(50 * np.exp(-np.log(2) * abs(i - (n - 1) / 2) / 50) + 1))) if centred else 1
        found += [(word, weight), ("".join(OTHER[base] for base in word[::-1]), weight)]
    return found


def pinv_filter(l: int, k: int) -> np.ndarray:  # noqa: E741
    """What a word adds to the estimate of one with m mismatches: by the pseudo-inverse over all words."""
    all_words = np.array(list(product(range(4), repeat=l)))
    rows = []
    for positions in combinations(range(l), k):
        for bases in product(range(4), repeat=k):
            rows.append((all_words[:, positions] == bases).all(axis=1))
    gapped = np.array(rows, dtype=float)
    estimate = np.linalg.pinv(gapped, rcond=1e-10) @ gapped
    n_mismatches = (all_words != all_words[0]).sum(axis=1)
    return np.array([estimate[0][n_mismatches == m].mean() for m in range(l + 1)])


def weights(kind: str, l: int, k: int) -> list[float]:  # noqa: E741
    """h(m) by going through all words."""
    if kind == "gapped":
        return [comb(l - m, k) for m in range(l + 1)]
    spread = pinv_filter(l, k)
    first = next((m for m in range(l + 1) if spread[m] <= 1e-12), l + 1)
    spread[first:] = 0
    all_words = np.array(list(product(range(4), repeat=l)))
    found = []
    for m in range(l + 1):
        other = np.array([1] * m + [0] * (l - m))
        found.append(float((spread[(all_words != 0).sum(1)] * spread[(all_words != other).sum(1)]).sum()))
    return found


def kernel(sequences, kind: str, l: int, k: int, d: int) -> np.ndarray:  # noqa: E741
    """The sum over pairs of words, not divided by norms."""
    h = weights(kind, l, k)
    texts = [sequence if isinstance(sequence, str) else decode(sequence) for sequence in sequences]
    found = [words(text, l, kind == "centred") for text in texts]
    out = np.zeros((len(texts), len(texts)))
    for a, b in product(range(len(texts)), repeat=2):
        for word, weight in found[a]:
            for other, other_weight in found[b]:
                m = sum(x != y for x, y in zip(word, other, strict=True))
                out[a, b] += weight * other_weight * h[m] if m <= d else 0
    return out
