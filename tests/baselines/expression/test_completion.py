"""Simple models of expression against slow and other ways to the same numbers, and against what they may not see."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge

from cislearn.baselines.expression import (
    Additive,
    ConditionMean,
    Constant,
    GeneMean,
    Inputs,
    LowRank,
    PromoterRidge,
    RegulatorRidge,
    TwoSteps,
    predict_fold,
)
from cislearn.baselines.expression.low_rank import shrink, soft_impute
from cislearn.data.expression.regulators import Regulators
from cislearn.data.expression.splits import SPLITS, Groups

GENES, CONDITIONS, REGULATORS, WORDS = 40, 15, 6, 20
MODELS = [Constant, GeneMean, ConditionMean, Additive, LowRank, RegulatorRidge, PromoterRidge, TwoSteps]


@pytest.fixture
def inputs(rng):
    own = np.full(GENES, -1)
    own[[3, 8]] = [1, 4]
    values = rng.normal(size=(REGULATORS, CONDITIONS)).astype(np.float32)
    regulators = Regulators([f"r{k}" for k in range(REGULATORS)], values, np.zeros(values.shape, dtype=bool), own)
    return Inputs(rng.poisson(2, (GENES, WORDS)).astype(np.float32), regulators)


@pytest.fixture
def labels(rng, inputs):
    by_regulators = rng.normal(size=(GENES, REGULATORS)) @ inputs.regulators.values
    return by_regulators + rng.normal(size=(GENES, 1)) + 0.1 * rng.normal(size=(GENES, CONDITIONS))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("way", SPLITS)
def test_labels_of_the_test_part_are_never_read(model, way, labels, inputs):
    """Poisoned test labels change no prediction, and poisoned validation labels none where nothing is fitted again."""
    groups = Groups(np.arange(GENES), np.arange(CONDITIONS))
    fold = SPLITS[way](groups, 0)[0]
    first = predict_fold(model(), labels, fold, inputs)
    again = predict_fold(model(), np.where(fold.test, 1e6, labels), fold, inputs)
    np.testing.assert_array_equal(first.values, again.values)
    assert np.isfinite(first.values).all()
    if not (fold.refit & fold.valid).any():
        shifted = np.where(fold.valid, labels + 1e3, labels)
        other = predict_fold(model(), shifted, fold, inputs)
        if other.setting == first.setting:
            np.testing.assert_array_equal(first.values, other.values)


@pytest.mark.parametrize("model", MODELS)
def test_absent_labels_are_no_zeros(model, labels, inputs):
    """A model of labels that are 5 higher predicts 5 more, wherever labels are absent."""
    seen = labels.copy()
    seen[::3, ::4] = np.nan
    setting = [model.settings[0]]
    (low,), (high,) = (list(model().complete(seen + shift, inputs, setting)) for shift in (0, 5))
    np.testing.assert_allclose(high - low, 5, atol=1e-6)


def test_effects_are_those_of_least_squares_with_indicators(labels, inputs, rng):
    seen = np.where(rng.random(labels.shape) < 0.3, np.nan, labels)
    rows, columns = np.nonzero(~np.isnan(seen))
    indicators = np.concatenate([np.eye(GENES)[rows], np.eye(CONDITIONS)[columns]], axis=1)
    fitted = LinearRegression().fit(indicators, seen[rows, columns])
    (found,) = Additive().complete(seen, inputs, [()])
    g, c = np.indices(seen.shape).reshape(2, -1)
    expected = fitted.predict(np.concatenate([np.eye(GENES)[g], np.eye(CONDITIONS)[c]], axis=1)).reshape(seen.shape)
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize(("model", "axis"), [(GeneMean, 1), (ConditionMean, 0), (Constant, None)])
def test_means(model, axis, labels, inputs, rng):
    seen = np.where(rng.random(labels.shape) < 0.3, np.nan, labels)
    (found,) = model().complete(seen, inputs, [()])
    expected = np.nanmean(seen, axis=axis, keepdims=True)
    np.testing.assert_allclose(found, np.broadcast_to(expected, seen.shape))


def test_a_gene_of_which_nothing_is_seen_has_no_effect(labels, inputs):
    seen = labels.copy()
    seen[0], seen[:, 0] = np.nan, np.nan
    (additive,) = Additive().complete(seen, inputs, [()])
    (low_rank,) = LowRank().complete(seen, inputs, LowRank.settings[:1])
    np.testing.assert_allclose(low_rank[0], additive[0])
    assert additive[0, 0] == pytest.approx(np.nanmean(seen))


@pytest.mark.parametrize(("rank", "penalty"), [(3, 0.0), (15, 1.0), (4, 2.0)])
def test_shrinking_is_that_of_the_singular_values(labels, rank, penalty):
    u, s, v = np.linalg.svd(labels, full_matrices=False)
    s = np.maximum(s - penalty, 0)
    s[rank:] = 0
    np.testing.assert_allclose(shrink(labels, rank, penalty), u * s @ v, atol=1e-9)


def test_a_matrix_of_low_rank_is_completed(rng):
    whole = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 30))
    is_seen = rng.random(whole.shape) < 0.7
    found = soft_impute(np.where(is_seen, whole, np.nan), is_seen, np.zeros_like(whole), 2, 0.0)
    assert ((found - whole)[~is_seen] ** 2).mean() < 0.01 * (whole**2).mean()


@pytest.mark.parametrize("own", ["masked", "kept"])
def test_ridge_of_regulators_is_that_of_sklearn(labels, inputs, own):
    seen = labels.copy()
    seen[:, 10:] = np.nan
    (found,) = RegulatorRidge().complete(seen, inputs._replace(own=own), [(3.0,)])
    x = inputs.regulators.values.T.astype(np.float64)
    for gene in range(GENES):
        mine = x.copy()
        if own == "masked" and inputs.regulators.own[gene] >= 0:
            mine[:, inputs.regulators.own[gene]] = 0
        expected = Ridge(alpha=3.0).fit(mine[:10], labels[gene, :10]).predict(mine)
        np.testing.assert_allclose(found[gene], expected, atol=1e-8)


def test_a_regulator_does_not_predict_itself(inputs, rng):
    """The target is literally an input where it is kept: 468 yeast genes."""
    labels = rng.normal(size=(GENES, CONDITIONS))
    labels[3] = inputs.regulators.values[1]
    seen = labels.copy()
    seen[:, 10:] = np.nan
    errors = {}
    for own in ("masked", "kept"):
        (found,) = RegulatorRidge().complete(seen, inputs._replace(own=own), [(0.01,)])
        errors[own] = ((found - labels)[3, 10:] ** 2).mean()
    assert errors["kept"] < 0.01 < errors["masked"]


def test_ridge_of_promoters_is_that_of_sklearn(labels, inputs):
    seen = labels.copy()
    seen[25:] = np.nan
    (found,) = PromoterRidge().complete(seen, inputs, [(7.0,)])
    expected = Ridge(alpha=7.0).fit(inputs.words[:25], labels[:25]).predict(inputs.words)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_two_steps_are_ridge_on_products_of_kernels(labels, inputs):
    """Stock et al. 2018: ``K_g (K_g + a)^-1 Y (K_c + b)^-1 K_c``, here of centred features and labels."""
    inputs = inputs._replace(own="kept")
    seen = np.where((np.arange(GENES) < 25)[:, None] & (np.arange(CONDITIONS) < 10), labels, np.nan)
    (found,) = TwoSteps().complete(seen, inputs, [(3.0, 7.0)])
    x = inputs.words - inputs.words[:25].mean(axis=0, dtype=np.float64)
    z = inputs.regulators.values.T.astype(np.float64)
    z = z - z[:10].mean(axis=0)
    mean = labels[:25, :10].mean(axis=1, keepdims=True)
    carried = mean + (labels[:25, :10] - mean) @ np.linalg.inv(z[:10] @ z[:10].T + 3 * np.eye(10)) @ z[:10] @ z.T
    centre = carried.mean(axis=0)
    expected = centre + x @ x[:25].T @ np.linalg.inv(x[:25] @ x[:25].T + 7 * np.eye(25)) @ (carried - centre)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_settings_are_chosen_by_the_error_on_validation_pairs(labels, inputs):
    fold = SPLITS["condition"](Groups(np.arange(GENES), np.arange(CONDITIONS)), 0)[0]
    found = predict_fold(RegulatorRidge(), labels, fold, inputs)
    seen = np.where(fold.train, labels, np.nan)
    errors = [
        ((each - labels)[fold.valid] ** 2).mean()
        for each in RegulatorRidge().complete(seen, inputs, RegulatorRidge.settings)
    ]
    assert found.setting == RegulatorRidge.settings[int(np.argmin(errors))]
    assert found.valid_error == pytest.approx(min(errors))
