from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cislearn.data import similarity
from cislearn.data.sequences import TableSequences
from cislearn.data.similarity import (
    NEAR,
    WORD,
    cluster_keys,
    greatest_similarity,
    index_words,
    link_near,
    similar_pairs,
)
from cislearn.sequence.strand import reverse_complement
from cislearn.sequence.tokens import decode

OTHERS = ~np.eye(24, dtype=bool)
"""Pairs of two different windows."""
OTHER_STRAND = str.maketrans("ACGT", "TGCA")


def words(text: str) -> set[str]:
    each = (text[j : j + WORD] for j in range(len(text) - WORD + 1))
    return {min(word, word[::-1].translate(OTHER_STRAND)) for word in each if "N" not in word}


def related_windows(seed: int, n: int = 24, length: int = 60) -> np.ndarray:
    """Windows of three short chromosomes, on either strand, with changed bases, stretches of N and simple repeats."""
    rng = np.random.default_rng(seed)
    chromosomes = rng.integers(0, 4, (3, 110)).astype(np.uint8)
    chromosomes[2, 40:80] = np.tile([1, 0], 20)
    tokens = np.empty((n, length), np.uint8)
    for row in tokens:
        start = rng.integers(0, 110 - length + 1)
        row[:] = chromosomes[rng.integers(3), start : start + length]
        row[rng.integers(0, length, rng.integers(0, 3))] = rng.integers(0, 4)
        if rng.random() < 0.2:
            row[: rng.integers(0, length)] = 4
        if rng.random() < 0.5:
            row[:] = reverse_complement(row)
    return tokens


def every_similarity(tokens: np.ndarray) -> np.ndarray:
    index, every = index_words(TableSequences.of(tokens), np.arange(len(tokens))), np.arange(len(tokens))
    found = np.zeros((len(tokens), len(tokens)))
    for pairs in similar_pairs(index, every, every):
        np.maximum.at(found, (pairs.left, pairs.right), pairs.similarity)
    return found


def expected_similarity(tokens: np.ndarray) -> np.ndarray:
    """Two windows at a time, as sets of texts."""
    sets = [words(decode(row)) for row in tokens]
    sizes = [max(len(each), (tokens.shape[1] - WORD + 1) / 2) for each in sets]
    return np.array(
        [[len(a & b) / min(m, n) for b, n in zip(sets, sizes, strict=True)] for a, m in zip(sets, sizes, strict=True)]
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_similarities_and_clusters_against_all_pairs(seed):
    tokens = related_windows(seed)
    expected = expected_similarity(tokens)
    found = every_similarity(tokens)
    np.testing.assert_allclose(found[OTHERS], expected[OTHERS], rtol=1e-12)
    group = np.arange(len(tokens))
    for _ in tokens:  # as many rounds as the longest chain can need
        for i, j in combinations(range(len(tokens)), 2):
            if expected[i, j] >= NEAR:
                group[[i, j]] = group[[i, j]].min()
    found = link_near(index_words(TableSequences.of(tokens), np.arange(len(tokens))))
    np.testing.assert_array_equal(found[:, None] == found, group[:, None] == group)


@pytest.mark.parametrize("seed", range(4))
def test_words_taken_in_turns_and_pairs_in_blocks_give_the_same(seed, monkeypatch):
    tokens = related_windows(seed)
    whole = every_similarity(tokens)
    monkeypatch.setattr(similarity, "AT_ONCE", 50)
    monkeypatch.setattr(similarity, "_BLOCK", 40)
    np.testing.assert_array_equal(every_similarity(tokens), whole)
    assert (whole[OTHERS] > 0).mean() > 0.05


def test_the_greatest_similarity_is_that_of_the_best_pair_and_sides_are_kept_apart(rng):
    tokens = related_windows(7)
    left, right = np.arange(10), np.arange(10, 24)
    of_left, of_right = greatest_similarity(index_words(TableSequences.of(tokens), np.arange(24)), left, right)
    expected = expected_similarity(tokens)[np.ix_(left, right)]
    np.testing.assert_allclose(of_left[left], expected.max(axis=1), rtol=1e-12)
    np.testing.assert_allclose(of_right[right], expected.max(axis=0), rtol=1e-12)
    assert not of_left[10:].any() and not of_right[:10].any()


def test_windows_shorter_than_a_word_or_none_at_all_have_no_near_duplicates():
    short = np.zeros((3, WORD - 1), np.uint8)
    assert len(np.unique(link_near(index_words(TableSequences.of(short), np.arange(3))))) == 3
    assert len(link_near(index_words(TableSequences.of(short), np.arange(0)))) == 0


def test_a_simple_repeat_is_not_the_double_of_every_window_that_holds_its_word(rng):
    tokens = rng.integers(0, 4, (30, 101)).astype(np.uint8)
    tokens[:, 40:60] = 0
    tokens[0] = 0
    assert len(np.unique(link_near(index_words(TableSequences.of(tokens), np.arange(30))))) == 30


def test_margins_are_no_part_of_the_window(rng):
    tokens = rng.integers(0, 4, (2, 100)).astype(np.uint8)
    tokens[1, 25:75] = tokens[0, 25:75]
    for margin, n_clusters in ((0, 1), (40, 2)):
        tokens[1, 40:60] = np.where(margin, (tokens[0, 40:60] + 1) % 4, tokens[0, 40:60])
        assert len(np.unique(cluster_keys(TableSequences.of(tokens), margin=margin)[0])) == n_clusters


def test_the_constant_flank_of_a_library_makes_no_kin(rng):
    """All windows begin with the same 60 bases: they are no duplicates, and what is not counted is told."""
    tokens = rng.integers(0, 4, (300, 140)).astype(np.uint8)
    tokens[:, :60] = tokens[0, :60]
    tokens[1, 60:] = tokens[0, 60:]
    tokens[1, 100] = (tokens[0, 100] + 1) % 4
    keys, notes = cluster_keys(TableSequences.of(tokens))
    assert len(np.unique(keys)) == 299 and keys[0] == keys[1]
    assert notes == [f"{60 - WORD + 1} {WORD}-mers that most windows hold are not counted"]


def test_beyond_the_budget_variants_of_one_element_stay_together_and_it_is_told(rng, monkeypatch):
    """Each of 1,600 variants shares words with all others of its element: too many pairs to count one by one."""
    elements = rng.integers(0, 4, (8, 100)).astype(np.uint8)
    tokens = np.repeat(elements, 200, axis=0)
    tokens[np.arange(1600), rng.integers(0, 100, 1600)] ^= 1
    tokens[::2] = reverse_complement(tokens[::2])
    expected = expected_similarity(tokens[::100])
    monkeypatch.setattr(similarity, "BUDGET", 400_000)
    keys, notes = cluster_keys(TableSequences.of(tokens))
    element = np.repeat(np.arange(8), 200)
    np.testing.assert_array_equal(keys[:, None] == keys, element[:, None] == element)
    assert len(notes) == 1 and "are in so many windows" in notes[0]
    assert (every_similarity(tokens)[::100, ::100] <= expected + 1e-12).all()


def test_keys_do_not_depend_on_the_other_clusters(rng):
    tokens = related_windows(3)
    more = np.concatenate([rng.integers(0, 4, (50, 60)).astype(np.uint8), tokens])
    np.testing.assert_array_equal(
        cluster_keys(TableSequences.of(tokens))[0], cluster_keys(TableSequences.of(more))[0][50:]
    )
