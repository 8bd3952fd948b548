"""Distances and pictures of features that are made up: what a class distance sees, and what hides from it."""

from __future__ import annotations

import numpy as np
import pytest

from cislearn.experiment.diagnosing.distances import TOO_FEW, class_distances, distance_left, domain_distance
from cislearn.experiment.diagnosing.looked_at import Features, draw_rows
from cislearn.experiment.diagnosing.picture import MOST_DRAWN, picture

N = 800


@pytest.fixture
def exchanged(rng) -> tuple[Features, np.ndarray]:
    """Source positives on the right and target positives on the left: alike as a whole, and the classes exchanged."""
    is_target, is_positive = np.arange(2 * N) >= N, rng.random(2 * N) < 0.5
    side = np.where(is_positive ^ is_target, 2.0, -2.0)
    values = rng.normal(size=(2 * N, 3)) + np.stack([side, np.zeros(2 * N), np.zeros(2 * N)], axis=1)
    return Features(np.arange(2 * N), is_target, values), is_positive.astype(float)


def test_exchanged_classes_are_alike_as_a_whole_and_apart_by_their_labels(exchanged):
    test, labels = exchanged
    clusters = np.arange(2 * N)
    assert domain_distance(test, clusters)["pad"].item() < 0.2
    found = class_distances(test, clusters, {("bound", "labels"): labels})
    assert found["class"].tolist() == ["positives", "negatives"]
    assert (found["low"] > 1.5).all()


def test_the_runs_own_calls_cannot_see_that_classes_were_exchanged(exchanged):
    """The head calls what lies on the right, in both domains: the docs say that this is hidden from it."""
    test, _ = exchanged
    calls = (test.values[:, 0] > 0).astype(float)
    found = class_distances(test, np.arange(2 * N), {("bound", "calls"): calls})
    assert (found["low"] < 0.2).all()


def labelled_gaussians(rng, shares, moved):
    """Positives 2 to the right of negatives; their shares in source and target; how far the target's move."""
    is_target = np.arange(2 * N) >= N
    is_positive = rng.random(2 * N) < np.where(is_target, shares[1], shares[0])
    values = rng.normal(size=(2 * N, 3))
    values[:, 0] += 2 * is_positive
    values[:, 1] += moved * (is_positive & is_target)
    return Features(np.arange(2 * N), is_target, values), np.where(is_target, np.nan, is_positive)


def test_a_label_shift_leaves_no_distance_at_the_right_share(rng):
    test, labels = labelled_gaussians(rng, (0.5, 0.1), moved=0)
    assert domain_distance(test, np.arange(2 * N))["low"].item() > 0.2
    left = distance_left(test, np.arange(2 * N), "bound", labels, 0.1)
    assert left[["told_by", "class"]].to_numpy().tolist() == [["estimate", "all windows"]]
    assert left["low"].item() == 0
    assert left["pad"].item() < 0.15


def test_positives_that_look_otherwise_leave_one(rng):
    test, labels = labelled_gaussians(rng, (0.5, 0.5), moved=2)
    for share in (0.5, 0.3, 0.0, 1.0):
        assert distance_left(test, np.arange(2 * N), "bound", labels, share)["low"].item() > 0.1


def test_sources_are_drawn_to_the_share_and_as_many_as_there_are(rng):
    test, labels = labelled_gaussians(rng, (0.5, 0.5), moved=0)
    n_positive = int((labels == 1).sum())
    left = distance_left(test, np.arange(2 * N), "bound", labels, 0.8)
    assert left["n_source"].item() == pytest.approx(n_positive / 0.8 / 2, abs=2)


def test_rows_without_a_class_are_in_none(exchanged):
    test, labels = exchanged
    labels = np.where(np.arange(2 * N) % 2, labels, np.nan)
    found = class_distances(test, np.arange(2 * N), {("bound", "labels"): labels})
    kept = (labels == 1).sum(), (labels == 0).sum()
    assert (found["n_source"] + found["n_target"]).to_numpy() == pytest.approx(np.array(kept) / 2, abs=1)


def test_too_few_windows_are_said_to_be_so(exchanged):
    test, _ = exchanged
    few = np.where(np.arange(2 * N) < 5, 1.0, 0.0)
    found = class_distances(test, np.arange(2 * N), {("bound", "calls"): few}).set_index("class")
    assert np.isnan(found.loc["positives", "pad"])
    assert found.loc["positives", "note"] == TOO_FEW
    assert found.loc["negatives", "note"] == ""


def test_the_plane_is_that_of_a_singular_value_decomposition(exchanged):
    test, labels = exchanged
    drawn = picture(test, labels, 1 - labels)
    centred = test.values - test.values.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2][:2]
    kept = np.concatenate([draw_rows(np.arange(N), MOST_DRAWN), N + draw_rows(np.arange(N), MOST_DRAWN)])
    expected = centred[kept] @ axes.T
    assert len(drawn) == 2 * MOST_DRAWN
    np.testing.assert_allclose(np.abs(drawn[["x", "y"]]), np.abs(expected), atol=1e-3)
    np.testing.assert_array_equal(drawn["label"], labels[kept])
    np.testing.assert_array_equal(drawn["call"], 1 - labels[kept])


def test_the_larger_domain_does_not_choose_the_plane(rng):
    """Ten thousand source rows vary along the third axis, few target rows along the first more: both count the same."""
    source = rng.normal(size=(5000, 3)) * [0.1, 0.2, 1.0]
    target = rng.normal(size=(300, 3)) * [3.0, 0.2, 0.1]
    test = Features(np.arange(5300), np.arange(5300) >= 5000, np.concatenate([source, target]))
    drawn = picture(test, np.full(5300, np.nan), np.full(5300, np.nan))
    spread = drawn.groupby("is_target")["x"].std()
    assert spread[True] > 2
    assert spread[False] < 0.5
