"""The reverse complement against letters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from cislearn.sequence.strand import reverse_complement
from cislearn.sequence.tokens import ALPHABET, decode, encode

tokens_of_any_shape = arrays(np.uint8, array_shapes(max_dims=3, min_side=0), elements=st.integers(0, 4))


@given(tokens_of_any_shape)
def test_it_is_an_involution_and_leaves_its_input_alone(tokens):
    before = tokens.copy()
    twice = reverse_complement(reverse_complement(tokens))
    np.testing.assert_array_equal(twice, tokens)
    np.testing.assert_array_equal(before, tokens)
    assert twice.dtype == np.uint8


@given(st.text("ACGTN"))
def test_against_letters(text):
    """trap 7: N stays N, and no token raises."""
    slow = "".join({"A": "T", "C": "G", "G": "C", "T": "A", "N": "N"}[letter] for letter in reversed(text))
    assert decode(reverse_complement(encode(text))) == slow


def test_the_order_of_bases_is_its_own_complement_when_reversed():
    """trap 1: flipping both axes of a one-hot is right for ACGT (not for ATCG and the like)."""
    assert ALPHABET == "ACGT"
    one_hot = np.eye(4)[encode("AACGTG")].T
    np.testing.assert_array_equal(np.eye(4)[reverse_complement(encode("AACGTG"))].T, one_hot[::-1, ::-1])


@pytest.mark.parametrize("palindrome", ["GAATTC", "CACGTG", "N"])
def test_palindromes_stay(palindrome):
    assert decode(reverse_complement(encode(palindrome))) == palindrome
