from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cislearn.sequence.strand import reverse_complement
from cislearn.sequence.tokens import decode, encode
from cislearn.sequence.words import LONGEST_WORD, NO_WORD, canonical_words, words_ending

OTHER_STRAND = str.maketrans("ACGT", "TGCA")


def words_one_by_one(text: str, k: int) -> list[int]:
    """The same, letter by letter: base-4 numbers of a word and of its other strand."""
    found = []
    for j in range(len(text) - k + 1):
        word = text[j : j + k]
        both = (word, word[::-1].translate(OTHER_STRAND))
        found.append(min(sum("ACGT".index(b) * 4**i for i, b in enumerate(w[::-1])) for w in both) if "N" not in word
                     else int(NO_WORD))  # fmt: skip
    return found


@given(st.text("ACGTN", min_size=1, max_size=40), st.integers(1, LONGEST_WORD))
def test_words_against_a_slow_reference(text, k):
    assert canonical_words(encode(text)[None], k)[0].tolist() == words_one_by_one(text, k)


@given(st.text("ACGTN", min_size=20, max_size=60), st.integers(1, 20))
def test_the_other_strand_has_the_same_words_backwards(text, k):
    """trap 1: whatever the word, both strands give one number."""
    tokens = encode(text)[None]
    np.testing.assert_array_equal(canonical_words(reverse_complement(tokens), k), canonical_words(tokens, k)[:, ::-1])


@given(st.lists(st.text("ACGTN", min_size=32, max_size=32), min_size=1, max_size=3), st.integers(2, 31), st.data())
def test_words_of_an_ending_are_those_of_all_words(texts, k, data):
    tokens = np.stack([encode(text) for text in texts])
    n_bits = data.draw(st.integers(0, min(2 * k, 12)))
    ending = data.draw(st.integers(0, 2**n_bits - 1))
    words = canonical_words(tokens, k)
    wanted = (words != NO_WORD) & (words & np.uint64(2**n_bits - 1) == ending)
    window, found = words_ending(tokens, k, ending, n_bits)
    np.testing.assert_array_equal(window, np.nonzero(wanted)[0])
    np.testing.assert_array_equal(found, words[wanted])


def test_different_words_never_collide():
    """All 4^6 words of six bases: as many numbers as there are words up to strand."""
    tokens = np.stack(np.meshgrid(*[np.arange(4)] * 6, indexing="ij"), axis=-1).reshape(-1, 6).astype(np.uint8)
    assert len(np.unique(canonical_words(tokens, 6))) == (4**6 + 4**3) // 2
    assert {decode(row) for row in tokens[canonical_words(tokens, 6)[:, 0] == 0]} == {"AAAAAA", "TTTTTT"}


@pytest.mark.parametrize("k", [0, LONGEST_WORD + 1])
def test_words_that_do_not_fit_are_refused(k):
    with pytest.raises(ValueError, match=f"1 to {LONGEST_WORD} bases, not {k}"):
        canonical_words(np.zeros((1, 50), np.uint8), k)
