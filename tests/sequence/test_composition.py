"""GC content and words against counts of letters."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cislearn.sequence.composition import count_words, dinucleotide_frequencies, gc_fraction
from cislearn.sequence.strand import reverse_complement
from cislearn.sequence.tokens import decode, encode


@given(st.lists(st.text("ACGTN", min_size=7, max_size=7), min_size=1))
def test_against_a_count_of_letters(texts):
    fractions = gc_fraction(np.stack([encode(text) for text in texts]))
    assert fractions.dtype == np.float64
    for text, fraction in zip(texts, fractions, strict=True):
        known = len(text) - text.count("N")
        assert np.isnan(fraction) if known == 0 else fraction == (text.count("G") + text.count("C")) / known


def test_no_window_gives_no_number():
    assert gc_fraction(np.empty((0, 5), np.uint8)).shape == (0,)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_words_are_counted_on_both_strands(rng, k):
    tokens = rng.integers(0, 5, (5, 30)).astype(np.uint8)
    counts = count_words(tokens, k)
    assert counts.shape[1] == {1: 2, 2: 10, 3: 32}[k]
    np.testing.assert_array_equal(counts, count_words(reverse_complement(tokens), k))
    for row, found in zip(tokens, counts, strict=True):
        words = Counter(decode(row)[i : i + k] for i in range(31 - k))
        other = lambda word: decode(reverse_complement(np.array(["ACGT".index(b) for b in word], np.uint8)))  # noqa: E731
        joined: Counter = Counter()
        for word, n in words.items():
            if "N" not in word:
                joined[min(word, other(word))] += n
        assert sorted(joined.values()) == sorted(found[found > 0])


def test_six_mers_have_2080_columns():
    assert count_words(np.zeros((1, 6), np.uint8), 6).shape == (1, 2080)
    assert count_words(np.zeros((1, 5), np.uint8), 6).sum() == 0


def test_no_window_and_no_known_base_have_no_words():
    assert count_words(np.empty((0, 5), np.uint8), 2).shape == (0, 10)
    assert (dinucleotide_frequencies(np.full((2, 5), 4, np.uint8)) == 0).all()


def test_frequencies_of_dinucleotides_sum_to_one_and_are_those_of_either_strand(rng):
    tokens = rng.integers(0, 5, (6, 40)).astype(np.uint8)
    shares = dinucleotide_frequencies(tokens)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(shares, dinucleotide_frequencies(reverse_complement(tokens)))
