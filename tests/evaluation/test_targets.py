"""The test of targets against scikit-learn and planted answers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from cislearn.evaluation.targets import auroc_within, cohen_d, target_test, tenths

NONE = np.full(600, -1)


def test_auroc_is_that_of_scikit_learn_with_ties(rng):
    values, is_target = rng.integers(0, 5, (80, 3)).astype(float), rng.random(80) < 0.3
    found = auroc_within(values, is_target, np.zeros(80, dtype=int))
    np.testing.assert_allclose(found, [roc_auc_score(is_target, column) for column in values.T])


def test_auroc_within_groups_counts_pairs_of_one_group(rng):
    values, is_target, group = rng.random((60, 1)), rng.random(60) < 0.4, rng.integers(0, 4, 60)
    wins = pairs = 0
    for a in np.flatnonzero(is_target):
        for b in np.flatnonzero(~is_target & (group == group[a])):
            wins, pairs = wins + (values[a, 0] > values[b, 0]), pairs + 1
    assert auroc_within(values, is_target, group)[0] == pytest.approx(wins / pairs)


def test_planted_targets_are_found_and_others_are_not(rng):
    size, is_target = rng.random((600, 40)), rng.random(600) < 0.2
    size[is_target, 7] += 0.5
    found = target_test(size, 7, is_target, rng.random(600), NONE)
    assert found.p == 1 / 40 and found.matched > 0.8 and found.cohen_d > 1
    assert target_test(size, 8, is_target, rng.random(600), NONE).p > 1 / 40


def test_what_only_follows_the_variance_is_no_finding(rng):
    """Targets that vary more have greater sums of every regulator: plain AUROC is fooled, the matched one is not."""
    variance = rng.random(600)
    is_target = rng.random(600) < variance**2
    size = variance[:, None] + 0.01 * rng.random((600, 40))
    found = target_test(size, 7, is_target, variance, NONE)
    assert found.auroc > 0.7
    assert abs(found.matched - 0.5) < abs(found.auroc - 0.5) / 2
    assert found.p > 1 / 40


def test_the_regulator_itself_is_neither_target_nor_other(rng):
    own = NONE.copy()
    own[3] = 7
    is_target = rng.random(600) < 0.2
    is_target[3] = True
    found = target_test(rng.random((600, 40)), 7, is_target, rng.random(600), own)
    assert found.n_targets == is_target.sum() - 1 and found.n_targets + found.n_others == 599


def test_without_targets_there_is_no_number(rng):
    found = target_test(rng.random((600, 4)), 0, np.zeros(600, dtype=bool), rng.random(600), NONE)
    assert found.n_targets == 0 and np.isnan(found[2:]).all()


def test_where_no_tenth_holds_both_there_is_no_p(rng):
    """Whatever is greater: nothing was compared."""
    is_target = np.arange(40) < 4  # a whole tenth
    found = target_test(rng.random((40, 3)), 1, is_target, -np.arange(40.0), np.full(40, -1))
    assert np.isnan([found.matched, found.p]).all() and np.isfinite(found.auroc)


def test_tenths_are_of_one_size(rng):
    assert (np.bincount(tenths(rng.random(200))) == 20).all()
    assert tenths(np.arange(10.0)).tolist() == list(range(10))


def test_cohens_d_by_hand():
    assert cohen_d(np.array([1.0, 3.0]), np.array([0.0, 2.0])) == pytest.approx(1 / np.sqrt(2))
    assert np.isnan(cohen_d(np.array([1.0, 1.0]), np.array([1.0, 1.0])))
