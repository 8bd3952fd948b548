"""Sites of words and matrices against regular expressions and the list of all words."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from cislearn.errors import UserError
from cislearn.motifs.jaspar import jaspar
from cislearn.motifs.matrix import Motif
from cislearn.motifs.sites import IUPAC, STEPS, covered, motif_pattern, site_starts, word_pattern
from cislearn.sequence.strand import reverse_complement
from cislearn.sequence.tokens import decode, encode


def found_by_hand(tokens, word):
    """Starts on either strand by a regular expression, overlaps included."""
    pattern = re.compile("(?=" + "".join(f"[{IUPAC[letter]}]" for letter in word) + ")")
    length = len(tokens)
    onward = {match.start() for match in pattern.finditer(decode(tokens))}
    back = {length - len(word) - match.start() for match in pattern.finditer(decode(reverse_complement(tokens)))}
    return onward | back


@pytest.mark.parametrize("word", ["AGGGG", "ACGT", "AA", "CRTNY", "A"])
def test_sites_of_a_word_are_those_of_a_regular_expression(rng, word):
    tokens = rng.integers(0, 5, (30, 50)).astype(np.uint8)
    starts = site_starts(tokens, word_pattern(word.lower()))
    for row, begins in zip(tokens, starts, strict=True):
        assert set(np.flatnonzero(begins)) == found_by_hand(row, word)


def test_the_published_motif_is_masked_on_both_strands():
    tokens = encode("TTAGGGGTTCCCCTAGGGNG")[None]
    starts = site_starts(tokens, word_pattern("AGGGG"))
    inside = covered(starts, 20)
    assert starts.sum() == 2
    assert decode(np.where(inside, np.uint8(4), tokens)[0]) == "TTNNNNNTTNNNNNAGGGNG"


def test_sites_are_the_same_on_both_strands(rng):
    """trap 1."""
    tokens, pattern = rng.integers(0, 4, (20, 80)).astype(np.uint8), motif_pattern(jaspar("MA0062.4"), 0.01)
    starts = site_starts(tokens, pattern)
    assert starts.any()
    assert (site_starts(reverse_complement(tokens), pattern)[:, ::-1] == starts).all()


@pytest.mark.parametrize("share", [0.001, 0.02, 0.3])
def test_sites_of_a_matrix_are_its_best_words(rng, share):
    motif = Motif("m", "m", rng.dirichlet(np.ones(4), 6).T, 50.0)
    pattern = motif_pattern(motif, share)
    words = np.array(list(itertools.product(range(4), repeat=6)))
    scores = np.rint(STEPS * np.log2(motif.smoothed() / 0.25)).astype(int)[words, np.arange(6)].sum(axis=1)
    is_site = scores >= pattern.least
    assert is_site.mean() <= share
    next_best = scores >= scores[~is_site].max()
    assert next_best.mean() > share, "one more score would be too many"


def test_a_short_matrix_has_its_best_word():
    motif = Motif("m", "m", np.array([[0.97, 0.01, 0.01, 0.01], [0.01, 0.01, 0.97, 0.01]]).T, 1000.0)
    assert site_starts(encode("CCAGCCCTCCAC")[None], motif_pattern(motif))[0].nonzero()[0].tolist() == [2, 6]


def test_a_matrix_that_says_nothing_is_refused_and_one_that_says_a_little_is_not():
    flat = np.full((4, 8), 0.25)
    with pytest.raises(UserError, match="'m' is everywhere: it says of no position"):
        motif_pattern(Motif("m", "m", flat, 20.0))
    flat[:, 3] = [0.27, 0.25, 0.24, 0.24]
    starts = site_starts(encode("CCCCCCACCCCC")[None], motif_pattern(Motif("m", "m", flat, 20.0)))
    assert starts[0].nonzero()[0].tolist() == [3]


def test_windows_shorter_than_a_word_hold_no_site():
    starts = site_starts(np.zeros((2, 3), np.uint8), word_pattern("AAAA"))
    assert starts.shape == (2, 0) and not covered(starts, 3).any()


@pytest.mark.parametrize(("word", "said"), [("AGXG", "'X' at position 3"), ("NN", "everywhere"), ("", "everywhere")])
def test_what_is_no_word(word, said):
    with pytest.raises(UserError, match=said):
        word_pattern(word)
