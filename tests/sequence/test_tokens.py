"""Letters to tokens and back, and what is said of letters that are none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cislearn.errors import UserError
from cislearn.sequence.tokens import ALPHABET, INVALID, LOOKUP, N, decode, encode


@given(st.text("ACGTN"))
def test_decode_undoes_encode(text):
    assert decode(encode(text)) == text


@given(st.binary().map(lambda raw: np.frombuffer(raw, dtype=np.uint8) % 5))
def test_encode_undoes_decode(tokens):
    np.testing.assert_array_equal(encode(decode(tokens)), tokens)


@given(st.text("ACGTNRYSWKMBDHVacgtnryswkmbdhv"))
def test_case_and_ambiguity_codes_against_a_dictionary(text):
    expected = [{"A": 0, "C": 1, "G": 2, "T": 3}.get(letter.upper(), 4) for letter in text]
    tokens = encode(text)
    assert tokens.dtype == np.uint8
    assert tokens.tolist() == expected
    assert encode(text.encode()).tolist() == expected


def test_encoded_tokens_can_be_written_to():
    tokens = encode("ACGT")
    tokens[0] = N
    assert decode(tokens) == "NCGT"


@pytest.mark.parametrize(
    ("text", "problem", "fix"),
    [
        ("MPE", "'P' at position 2", "this looks like protein"),
        ("AC-GT", "'-' at position 3", "take the gaps of an alignment out first"),
        ("AC GT", "' ' at position 3", "sequences are made of A, C, G, T"),
        ("A5", "'5' at position 2", "sequences are made of A, C, G, T"),
        ("Aé-", "'é' at position 2", "sequences are made of A, C, G, T"),
        (b"A\xff", "'ÿ' at position 2", "sequences are made of A, C, G, T"),
    ],
)
def test_a_letter_that_is_no_base_is_named_with_its_position_and_a_fix(text, problem, fix):
    with pytest.raises(UserError) as error:
        encode(text)
    assert problem in str(error.value)
    assert fix in str(error.value)


def test_lookup_knows_the_bases_and_the_eleven_codes_and_u_in_both_cases_and_nothing_else():
    known = {chr(i) for i, token in enumerate(LOOKUP) if token != INVALID}
    assert known == set("ACGTUNRYSWKMBDHVacgtunryswkmbdhv")
    assert decode(encode("ACGUu")) == "ACGTT"
    assert [LOOKUP[ord(letter)] for letter in ALPHABET] == [0, 1, 2, 3]


@pytest.mark.parametrize("wrong", [np.array([5], dtype=np.uint8), np.zeros((2, 3), dtype=np.uint8)])
def test_decode_refuses_what_are_no_tokens(wrong):
    with pytest.raises((ValueError, TypeError)):  # the latter from the shape checks that tests run with
        decode(wrong)
