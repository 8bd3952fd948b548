"""Which labels are seen, where a share of them may be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cislearn.data.budget import draw_share

SHARES = st.floats(0, 1)


@given(st.integers(0, 120), st.integers(0, 120), st.integers(0, 60), SHARES, st.integers(0, 5))
def test_of_each_class_the_share_is_drawn_and_of_unlabelled_rows_none(
    n_negative, n_positive, n_unlabelled, share, seed
):
    labels = np.repeat([0.0, 1.0, np.nan], [n_negative, n_positive, n_unlabelled])
    np.random.default_rng(seed).shuffle(labels)
    drawn = draw_share(labels[:, None], share, seed)
    assert not drawn[np.isnan(labels)].any()
    for label, n in ((0.0, n_negative), (1.0, n_positive)):
        expected = 0 if share == 0 or n == 0 else max(1, round(share * n))
        assert drawn[labels == label].sum() == expected


@given(SHARES, SHARES, st.integers(0, 5))
def test_a_smaller_share_is_part_of_a_greater_one(one, other, seed):
    """trap 17: what more labels buy is told by the same rows and some more, not by others."""
    labels = (np.arange(200) % 3 == 0).astype(float)[:, None]
    small, great = (draw_share(labels, share, seed) for share in sorted((one, other)))
    assert (great | ~small).all()


def test_the_draw_is_one_for_a_seed_and_does_not_read_the_order_of_classes():
    labels = (np.arange(300) % 2).astype(float)[:, None]
    first = draw_share(labels, 0.2, 3)
    np.testing.assert_array_equal(first, draw_share(labels, 0.2, 3))
    assert (first != draw_share(labels, 0.2, 4)).any()


def test_with_several_tasks_each_pattern_of_labels_has_its_share():
    rng = np.random.default_rng(0)
    labels = rng.choice([0.0, 1.0, np.nan], (3000, 2))
    drawn = draw_share(labels, 0.1, 0)
    for first in (0.0, 1.0, np.nan):
        for second in (0.0, 1.0, np.nan):
            same = (np.nan_to_num(labels, nan=-1) == np.nan_to_num([first, second], nan=-1)).all(axis=1)
            expected = 0 if np.isnan([first, second]).all() else round(0.1 * same.sum())
            assert drawn[same].sum() == pytest.approx(expected, abs=1)


@given(st.integers(0, 5), st.sampled_from([0.01, 0.1, 0.25]))
def test_of_many_rare_tasks_none_is_left_without_a_positive_and_not_all_is_drawn(seed, share):
    """With 40 tasks nearly each row of labels is another one: as a class by itself each row would be drawn."""
    rng = np.random.default_rng(seed)
    labels = (rng.random((2000, 40)) < rng.uniform(0.005, 0.3, 40)).astype(float)
    labels[rng.random(labels.shape) < 0.1] = np.nan
    drawn = draw_share(labels, share, seed)
    assert drawn.sum() == pytest.approx(share * 2000, abs=41)  # a row more or less a class
    assert ((labels[drawn] == 1).any(axis=0) & (labels[drawn] == 0).any(axis=0)).all()
    if share > 0.1:
        rare = np.nansum(labels, axis=0).argmin()
        assert (labels[drawn, rare] == 1).sum() == pytest.approx(share * np.nansum(labels[:, rare]), abs=1)


def test_of_many_tasks_too_a_smaller_share_is_part_of_a_greater_one():
    labels = (np.random.default_rng(0).random((800, 30)) < 0.1).astype(float)
    small, great = (draw_share(labels, share, 3) for share in (0.05, 0.3))
    assert (great | ~small).all() and great.sum() > 4 * small.sum()
