"""Vectors in a plane: neighbours stay neighbours, principal components are those of numpy, equal seeds agree."""

from __future__ import annotations

import numpy as np
import pytest

from cislearn.evaluation.plane import LAYOUTS, plane


@pytest.fixture(scope="module")
def groups() -> np.ndarray:
    """Three groups of 20 vectors, far apart in ten numbers of very unequal size."""
    rng = np.random.default_rng(0)
    centres = 8 * rng.standard_normal((3, 10))
    return (np.repeat(centres, 20, axis=0) + rng.standard_normal((60, 10))) * 10.0 ** rng.integers(-2, 3, 10)


def test_principal_components_are_those_of_the_standardised_vectors(groups):
    values = (groups - groups.mean(0)) / groups.std(0)
    left, sizes, _ = np.linalg.svd(values, full_matrices=False)
    expected = left[:, :2] * sizes[:2]
    found = plane(groups, "pca")
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-8)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_neighbours_are_of_the_same_group_and_the_seed_decides(groups, layout):
    found = plane(groups, layout, seed=3)
    assert found.shape == (60, 2)
    distances = np.linalg.norm(found[:, None] - found[None], axis=2) + 1e9 * np.eye(60)
    np.testing.assert_array_equal(distances.argmin(1) // 20, np.arange(60) // 20)
    np.testing.assert_array_equal(found, plane(groups, layout, seed=3))


def test_few_vectors_have_fewer_neighbours():
    assert np.isfinite(plane(np.random.default_rng(0).standard_normal((5, 3)), "tsne")).all()
