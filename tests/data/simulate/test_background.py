"""The background chain against its own transition matrix."""

from __future__ import annotations

import numpy as np
import pytest

from cislearn.data.simulate.background import PREFERENCE, base_frequencies, draw_background, draw_gc, transitions
from cislearn.sequence.composition import gc_fraction


def test_preference_is_the_published_one():
    expected = np.ones((4, 4))
    expected[1, 2], expected[0, 0], expected[3, 3] = 0.4, 1.2, 1.2
    np.testing.assert_array_equal(PREFERENCE, expected)


def test_transitions_by_hand():
    """After C at G + C of .4: weights .3, .2, .08, .3 of A, C, G, T."""
    (matrix,) = transitions(np.array([0.4]))
    np.testing.assert_allclose(matrix.sum(1), 1)
    np.testing.assert_allclose(matrix[1], np.array([0.3, 0.2, 0.08, 0.3]) / 0.88)
    np.testing.assert_allclose(matrix[2], [0.3, 0.2, 0.2, 0.3])


@pytest.mark.parametrize("gc", [0.3, 0.6])
def test_chain_follows_its_matrix(rng, gc):
    """Counts of each base after each base, 200,000 of them, within five binomial deviations."""
    tokens = draw_background(np.full(4000, gc), 51, rng)
    assert tokens.shape == (4000, 51)
    assert tokens.dtype == np.uint8
    pairs = np.bincount(4 * tokens[:, :-1].ravel() + tokens[:, 1:].ravel(), minlength=16).reshape(4, 4)
    expected = transitions(np.array([gc]))[0]
    deviation = np.sqrt(expected * (1 - expected) / pairs.sum(1, keepdims=True))
    assert (np.abs(pairs / pairs.sum(1, keepdims=True) - expected) < 5 * deviation).all()
    first = np.bincount(tokens[:, 0], minlength=4) / 4000
    np.testing.assert_allclose(first, base_frequencies(np.array([gc]))[0], atol=0.04)


def test_each_window_has_its_own_composition(rng):
    gc = np.repeat([0.2, 0.8], 500)
    content = gc_fraction(draw_background(gc, 200, rng))
    assert content[:500].max() < content[500:].min()


def test_gc_of_the_labels(rng):
    labels = np.arange(20_000) % 2 == 0
    gc = draw_gc(labels, 0.5, 0.08, rng)
    assert gc[labels].mean() == pytest.approx(0.54, abs=0.002)
    assert gc[~labels].mean() == pytest.approx(0.46, abs=0.002)
    assert gc[labels].std() == pytest.approx(0.04, abs=0.002)
    assert draw_gc(labels, 0.79, 0.0, rng).max() == 0.8


def test_cg_is_depleted_and_runs_are_not(rng):
    tokens = draw_background(np.full(3000, 0.5), 101, rng)
    first, second = tokens[:, :-1], tokens[:, 1:]
    observed = ((first == 1) & (second == 2)).mean() / ((first == 1).mean() * (second == 2).mean())
    assert observed == pytest.approx(0.4 / 0.85 / ((second == 2).mean() / 0.25), abs=0.02)
