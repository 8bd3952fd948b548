from __future__ import annotations

from collections import Counter
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from cislearn.sequence.shuffle import shuffle_bases, shuffle_dinucleotides
from cislearn.sequence.tokens import N, decode, encode


def dinucleotides(tokens):
    """Count of each pair of neighbours, N included, in each window."""
    pair = tokens[:, :-1].astype(int) * 5 + tokens[:, 1:]
    return np.stack([(pair == k).sum(axis=1) for k in range(25)], axis=1)


def every_path(text):
    """All orders with the first and last base and the dinucleotides of a short sequence, by trying them all."""
    orders = {text[0] + "".join(inner) + text[-1] for inner in set(permutations(text[1:-1]))}
    pairs = Counter(pairwise(text))
    return sorted(order for order in orders if Counter(pairwise(order)) == pairs)


def windows(alphabet: str):
    return st.integers(1, 40).flatmap(
        lambda n: st.lists(st.text(alphabet, min_size=n, max_size=n), min_size=1, max_size=6)
    )


@given(windows("ACGTN"), st.integers(0, 2**31))
def test_what_shuffles_keep(texts, seed):
    tokens = np.stack([encode(text) for text in texts])
    before = tokens.copy()
    for shuffle in (shuffle_bases, shuffle_dinucleotides):
        shuffled = shuffle(tokens, np.random.default_rng(seed))
        np.testing.assert_array_equal(np.sort(shuffled), np.sort(tokens))
        np.testing.assert_array_equal(shuffled == N, tokens == N)
        np.testing.assert_array_equal(shuffled, shuffle(tokens, np.random.default_rng(seed)))
    np.testing.assert_array_equal(tokens, before)
    np.testing.assert_array_equal(dinucleotides(shuffled), dinucleotides(tokens))
    np.testing.assert_array_equal(shuffled[:, [0, -1]], tokens[:, [0, -1]])


@pytest.mark.parametrize("text", ["ACGATAGCA", "ATTGATCCGT", "AACAGATA", "CACGCTCAG", "ACACGTGTA", "GGATGAG"])
def test_all_paths_are_equally_likely(rng, text):
    """Against all paths, found by trying every order; the same with other windows, N and another length around it."""
    paths = every_path(text)
    n = 400 * len(paths)
    alone = shuffle_dinucleotides(np.tile(encode(text), (n, 1)), rng)
    among = shuffle_dinucleotides(np.tile(encode(f"GATTACAN{text}NN"), (n, 1)), rng)[:, 8:-2]
    for shuffled in (alone, among):
        found = Counter(decode(row) for row in shuffled)
        assert set(found) == set(paths)
        assert chisquare([found[path] for path in paths]).pvalue > 1e-4


def test_all_orders_of_bases_are_equally_likely(rng):
    orders = sorted({"".join(order) for order in permutations("AACG")})
    found = Counter(decode(row) for row in shuffle_bases(np.tile(encode("AANCG"), (6000, 1)), rng))
    counts = [found[order[:2] + "N" + order[2:]] for order in orders]
    assert sum(counts) == 6000
    assert chisquare(counts).pvalue > 1e-4


def test_shuffles_of_long_windows_differ_from_them_and_from_each_other(rng):
    tokens = rng.integers(0, 4, (3, 101)).astype(np.uint8)
    shuffled = shuffle_dinucleotides(np.repeat(tokens, 200, axis=0), rng)
    assert len(np.unique(shuffled, axis=0)) == 600
    assert (shuffled == np.repeat(tokens, 200, axis=0)).mean() < 0.35


def test_against_tangermeme(rng):
    """Its shuffles keep the same counts, and are some of ours: those in which bases are left last as in the window."""
    torch = pytest.importorskip("torch")
    ersatz = pytest.importorskip("tangermeme.ersatz")

    def theirs(text, n):
        one_hot = torch.nn.functional.one_hot(torch.from_numpy(encode(text).astype(np.int64)), 4).T[None]
        return ersatz.dinucleotide_shuffle(one_hot.float(), n=n, random_state=0)[0].argmax(1).numpy().astype(np.uint8)

    long = decode(rng.integers(0, 4, 101).astype(np.uint8))
    counts = dinucleotides(shuffle_dinucleotides(encode(long)[None], rng))
    np.testing.assert_array_equal(dinucleotides(theirs(long, 20)), np.repeat(counts, 20, axis=0))
    short = "ACAGATAGTA"
    some = {decode(row) for row in theirs(short, 1000)}
    ours = Counter(decode(row) for row in shuffle_dinucleotides(np.tile(encode(short), (20_000, 1)), rng))
    assert some < set(ours) == set(every_path(short))
    assert chisquare([ours[path] for path in sorted(some)]).pvalue > 1e-4


@pytest.mark.parametrize("text", ["A", "AC", "ACG", "AAAAAAA", "ACACAC", "NNNN", "ANCNG"])
def test_windows_with_one_path_only_stay_as_they_are(rng, text):
    tokens = np.tile(encode(text), (5, 1))
    np.testing.assert_array_equal(shuffle_dinucleotides(tokens, rng), tokens)
    assert shuffle_dinucleotides(tokens[:0], rng).shape == (0, len(text))


def test_a_base_that_is_rarely_left_is_left_all_the_same(rng):
    """Trees are drawn, not tried: a step out of a long run is no matter of luck."""
    text = "A" * 400 + "C" * 400 + "G" * 400 + "TATAT"
    shuffled = shuffle_dinucleotides(np.tile(encode(text), (50, 1)), rng)
    np.testing.assert_array_equal(dinucleotides(shuffled), np.tile(dinucleotides(encode(text)[None]), (50, 1)))
    assert len(np.unique(shuffled, axis=0)) > 40
