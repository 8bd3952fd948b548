"""Packed bases against the tokens that they were packed from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cislearn.genome.packed import BASES, UNKNOWN, PackedBases, PackedWriter, pack, unpack

tokens = st.lists(st.integers(0, 4), max_size=40).map(lambda values: np.array(values, dtype=np.uint8))


def write(folder, pieces):
    with PackedWriter(folder) as out:
        for piece in pieces:
            out.write(piece)
    return PackedBases(folder)


@given(tokens)
def test_four_bases_a_byte_and_back(bases):
    packed = pack(bases)
    assert len(packed) == -(-len(bases) // 4)
    np.testing.assert_array_equal(unpack(packed[None])[0, : len(bases)], np.where(bases == 4, 0, bases))


@given(st.lists(tokens, min_size=1, max_size=6), st.integers(1, 50))
def test_every_window_and_base_of_pieces_of_any_length(tmp_path_factory, pieces, length):
    whole = np.concatenate([*pieces, np.array([4, 1], dtype=np.uint8)])
    bases = write(tmp_path_factory.mktemp("packed"), [*pieces, whole[-2:]])
    np.testing.assert_array_equal(bases.at(np.arange(len(whole))), whole)
    length = min(length, len(whole))
    start = np.arange(len(whole) - length + 1)
    np.testing.assert_array_equal(bases.windows(start, length), np.lib.stride_tricks.sliding_window_view(whole, length))


def test_no_windows_of_any_length(tmp_path):
    bases = write(tmp_path, [np.array([0, 1, 2, 3, 4], dtype=np.uint8)])
    for length in (1, 5):
        assert bases.windows(np.empty(0, dtype=np.int64), length).shape == (0, length)


@pytest.mark.parametrize("cut", [1, 3, 4, 7])
def test_a_stretch_of_n_over_several_pieces_is_one(tmp_path, cut):
    whole = np.array([0, 4, 4, 4, 4, 4, 4, 4, 2, 3, 4], dtype=np.uint8)
    write(tmp_path, [whole[:cut], whole[cut:]])
    assert np.fromfile(tmp_path / UNKNOWN, dtype=np.int64).tolist() == [1, 8, 10, 11]
    assert (tmp_path / BASES).stat().st_size == 3


def test_no_window_at_all_is_none(tmp_path):
    """A file of regions none of which can be placed."""
    nothing = write(tmp_path, [np.arange(4, dtype=np.uint8)]).windows(np.empty(0, dtype=np.int64), 3)
    assert nothing.shape == (0, 3) and nothing.dtype == np.uint8
