from __future__ import annotations

import numpy as np
import pytest

from cislearn.motifs.jaspar import jaspar
from cislearn.motifs.scanning import best_matches
from cislearn.sequence.strand import reverse_complement


def slow_best(tokens, motif):
    odds = np.log2(motif.smoothed() / 0.25)
    best = []
    for strand in (tokens, reverse_complement(tokens)):
        for start in range(len(tokens) - motif.width + 1):
            best.append(sum(odds[b, i] for i, b in enumerate(strand[start : start + motif.width]) if b < 4))
    return max(best)


def test_against_a_slow_scan_with_unknown_bases(rng):
    motifs = [jaspar("MA0062.4"), jaspar("MA0060.4"), jaspar("MA0139.2")]
    tokens = rng.integers(0, 5, (12, 40)).astype(np.uint8)
    expected = [[slow_best(row, motif) for motif in motifs] for row in tokens]
    np.testing.assert_allclose(best_matches(tokens, motifs), expected, atol=1e-4)


def test_both_strands_score_alike(rng):
    tokens = rng.integers(0, 4, (20, 60)).astype(np.uint8)
    motifs = [jaspar("MA0062.4"), jaspar("MA0035.5")]
    np.testing.assert_allclose(
        best_matches(tokens, motifs), best_matches(reverse_complement(tokens), motifs), atol=1e-4
    )


@pytest.mark.parametrize("length", [1, 9])
def test_windows_shorter_than_the_motif_score_zero(length):
    assert (best_matches(np.zeros((3, length), np.uint8), [jaspar("MA0062.4")]) == 0).all()
