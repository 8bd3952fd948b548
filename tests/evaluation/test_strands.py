from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, softmax
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from cislearn.evaluation.strands import Disagreement, strand_aurocs, strand_disagreement


def pairs_of(rng, n=200, classes=1):
    score = rng.normal(size=(n, 1, classes))
    return score + 0.5 * rng.normal(size=(n, 2, classes))


def test_binary_against_the_slow_way(rng):
    pairs = pairs_of(rng)
    one, other = pairs[:, 0, 0], pairs[:, 1, 0]
    found = strand_disagreement(pairs, "binary", 0.3)
    apart, in_probability = np.abs(one - other), np.abs(expit(one) - expit(other))
    assert found.disagreement == pytest.approx(apart.mean())
    assert found.probability_disagreement == pytest.approx(in_probability.mean())
    for percentile, values in ((found.disagreement_p95, apart), (found.probability_disagreement_p95, in_probability)):
        assert np.mean(values > percentile) == pytest.approx(0.05, abs=0.005)
    assert found.spearman == pytest.approx(spearmanr(one, other).statistic)
    assert found.flipped == pytest.approx(np.mean([(a >= 0.3) != (b >= 0.3) for a, b in zip(one, other, strict=True)]))


def test_classes_are_compared_by_softmax_and_greatest(rng):
    pairs = pairs_of(rng, classes=3)
    found = strand_disagreement(pairs, "multiclass")
    one, other = pairs[:, 0], pairs[:, 1]
    expected = np.abs(softmax(one, axis=1) - softmax(other, axis=1)).mean()
    assert found.probability_disagreement == pytest.approx(expected)
    assert found.flipped == pytest.approx(np.mean(one.argmax(1) != other.argmax(1)))
    ranks = [spearmanr(one[:, c], other[:, c]).statistic for c in range(3)]
    assert found.spearman == pytest.approx(np.mean(ranks))


def test_values_and_profiles_have_no_probabilities(rng):
    for kind, classes in (("regression", 1), ("profile", 12)):
        found = strand_disagreement(pairs_of(rng, classes=classes), kind)
        assert found.disagreement > 0 and np.isnan([found.probability_disagreement, found.flipped]).all()
        assert np.isnan(found.spearman) == (kind == "profile")


@pytest.mark.parametrize(("kind", "classes"), [("binary", 1), ("multiclass", 4), ("regression", 1)])
def test_it_does_not_matter_which_strand_comes_first(rng, kind, classes):
    pairs = pairs_of(rng, classes=classes)
    found = strand_disagreement(pairs, kind, 0.0)
    np.testing.assert_allclose(found, strand_disagreement(pairs[:, ::-1], kind, 0.0))
    same = strand_disagreement(pairs[:, [0, 0]], kind, 0.0)
    calls_nothing = kind == "regression"
    expected = Disagreement(0, 0, *([np.nan] * 2 if calls_nothing else [0, 0]), 1, np.nan if calls_nothing else 0)
    np.testing.assert_allclose(same, expected, atol=1e-12)


def test_a_constant_strand_has_no_rank_correlation_and_no_threshold_no_calls(rng):
    pairs = pairs_of(rng)
    pairs[:, 1] = 2.0
    found = strand_disagreement(pairs, "binary")
    assert np.isnan(found.spearman) and np.isnan(found.flipped)


def test_aurocs_of_either_strand_and_of_their_mean(rng):
    labels = rng.integers(0, 2, 300).astype(float)
    pairs = labels[:, None] + 2 * rng.normal(size=(300, 2))
    labels[::7] = np.nan
    seen = ~np.isnan(labels)
    found = strand_aurocs(pairs, labels)
    for value, scores in zip(found, (pairs[:, 0], pairs[:, 1], pairs.mean(1)), strict=True):
        assert value == pytest.approx(roc_auc_score(labels[seen], scores[seen]))
    assert found.mean > max(found.forward, found.other), "independent noise evens out"
