"""Hashes: equal exactly where windows are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cislearn.sequence import hashes
from cislearn.sequence.hashes import canonical_hash, forward_hash
from cislearn.sequence.strand import reverse_complement

windows = arrays(np.uint8, st.tuples(st.integers(0, 6), st.integers(1, 12)), elements=st.integers(0, 4))


@given(windows)
def test_canonical_hash_is_the_same_on_both_strands(tokens):
    """trap 7: windows with N included."""
    np.testing.assert_array_equal(canonical_hash(tokens), canonical_hash(reverse_complement(tokens)))


def all_windows(length):
    return np.stack(np.meshgrid(*[np.arange(5, dtype=np.uint8)] * length), axis=-1).reshape(-1, length)


@pytest.mark.parametrize("length", [1, 3, 6])
def test_no_two_of_all_short_windows_collide(length):
    tokens = all_windows(length)
    assert len(np.unique(forward_hash(tokens))) == 5**length
    strands = {min(row.tobytes(), reverse_complement(row).tobytes()) for row in tokens}
    assert len(np.unique(canonical_hash(tokens))) == len(strands)


def test_one_base_anywhere_in_a_long_window_changes_the_hash(rng):
    window = rng.integers(0, 4, 2114).astype(np.uint8)
    changed = np.tile(window, (len(window), 1))
    np.fill_diagonal(changed, (window + 1) % 4)
    assert len(np.unique(canonical_hash(np.vstack([window, changed])))) == len(window) + 1


def test_length_is_part_of_the_hash():
    assert forward_hash(np.zeros((1, 5), np.uint8))[0] != forward_hash(np.zeros((1, 6), np.uint8))[0]


def test_values_do_not_depend_on_the_chunk_and_stay_as_they_are(rng, monkeypatch):
    tokens = rng.integers(0, 5, (100, 101)).astype(np.uint8)
    whole = canonical_hash(tokens)
    monkeypatch.setattr(hashes, "_CHUNK", 707)
    np.testing.assert_array_equal(canonical_hash(tokens), whole)
    assert whole.dtype == np.uint64
    slow = forward_hash(np.array([[0, 1, 2, 3, 4]], dtype=np.uint8))[0]
    assert int(slow) == multilinear_hash_in_python_integers([0, 1, 2, 3, 4])


def multilinear_hash_in_python_integers(tokens):
    def mix(value):
        value = (value + 0x9E3779B97F4A7C15) % 2**64
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB % 2**64
        return value ^ (value >> 31)

    total = sum((mix(position) | 1) * token for position, token in enumerate(tokens, start=1))
    return mix((total + len(tokens)) % 2**64)
