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
