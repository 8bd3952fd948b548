from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cislearn.errors import UserError
from cislearn.kmers.words import check_length, number_words, spell, unknown_word
from cislearn.sequence.tokens import decode, encode


@given(st.text("ACGTN", min_size=8, max_size=30), st.integers(1, 8))
def test_numbers_are_places_in_the_list_of_words(text, k):
    words = {word: number for number, word in enumerate(spell(k))} if k < 5 else None
    found = number_words(torch.from_numpy(encode(text).copy())[None], k)[0].tolist()
    assert len(found) == len(text) - k + 1
    for place, number in enumerate(found):
        word = text[place : place + k]
        assert (number == unknown_word(k)) == ("N" in word)
        if words and "N" not in word:
            assert number == words[word]


def test_words_of_eight_bases_do_not_overflow_where_all_are_unknown():
    assert number_words(torch.full((1, 8), 4, dtype=torch.uint8), 8).tolist() == [[4**8]]
    assert number_words(torch.full((1, 8), 3, dtype=torch.uint8), 8).tolist() == [[4**8 - 1]]


def test_windows_shorter_than_a_word_hold_none():
    assert number_words(torch.zeros(2, 3, dtype=torch.uint8), 3).shape == (2, 1)
    assert [decode(encode(word)) for word in spell(2)][:5] == ["AA", "AC", "AG", "AT", "CA"]


@pytest.mark.parametrize("k", [0, 9])
def test_words_without_a_table_are_refused(k):
    with pytest.raises(UserError, match="1 to 8 bases"):
        check_length(k, "k")
