"""Distances of features against slow references, and what is told of a collapse."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cislearn.objectives.mmd import FACTORS, squared_distances, squared_mmd
from cislearn.objectives.moments import moment_distance
from cislearn.objectives.signals import signs_of_collapse
from tests.objectives.conftest import batch_of, network
from tests.objectives.learning import constant, ready

SIZES = st.tuples(st.integers(2, 9), st.integers(2, 9), st.integers(1, 5), st.integers(0, 99))


def two_sets(n, m, f, seed, apart=0.5):
    generator = torch.Generator().manual_seed(seed)
    draw = lambda rows: torch.randn(rows, f, generator=generator, dtype=torch.float64)  # noqa: E731
    return draw(n), draw(m) + apart


def slow_mmd(source, target, unbiased):
    """By definition: a loop over all pairs."""
    x = np.concatenate([source.numpy(), target.numpy()])
    n, m = len(source), len(target)
    squared = [[sum((a - b) ** 2 for a, b in zip(x[i], x[j], strict=True)) for j in range(n + m)] for i in range(n + m)]
    pairs = sorted(squared[i][j] for i in range(n + m) for j in range(n + m) if i != j)
    median = pairs[(len(pairs) - 1) // 2]
    kernel = lambda i, j: sum(math.exp(-squared[i][j] / (c * median)) for c in FACTORS) / len(FACTORS)  # noqa: E731
    first, second = range(n), range(n, n + m)

    def within(rows):
        values = [kernel(i, j) for i in rows for j in rows if not (unbiased and i == j)]
        return sum(values) / len(values)

    across = [kernel(i, j) for i in first for j in second]
    return within(first) + within(second) - 2 * sum(across) / len(across)


@settings(deadline=None, max_examples=40)
@given(SIZES, st.booleans())
def test_mmd_against_a_double_loop(sizes, unbiased):
    source, target = two_sets(*sizes)
    found = squared_mmd(source, target, unbiased=unbiased)
    assert float(found) == pytest.approx(slow_mmd(source, target, unbiased), abs=1e-9)


def test_mmd_does_not_depend_on_scale_and_place_and_the_biased_one_is_never_negative():
    source, target = two_sets(20, 30, 4, 0)
    for unbiased in (True, False):
        once = squared_mmd(source, target, unbiased=unbiased)
        torch.testing.assert_close(squared_mmd(7 * source + 3, 7 * target + 3, unbiased=unbiased), once)
        torch.testing.assert_close(squared_mmd(target, source, unbiased=unbiased), once)
    for seed in range(20):
        source, target = two_sets(5, 6, 3, seed, apart=0.0)
        assert squared_mmd(source, target, unbiased=False) >= 0


def test_the_unbiased_mmd_of_equal_distributions_is_zero_on_average():
    found = [squared_mmd(*two_sets(10, 10, 3, seed, apart=0.0)) for seed in range(300)]
    values = torch.stack(found)
    assert abs(values.mean()) < 3 * values.std() / 300**0.5
    assert values.min() < 0


def test_mmd_of_rows_that_are_all_alike_has_a_gradient():
    features = torch.ones(6, 3, requires_grad=True)
    loss = squared_mmd(features[:3], features[3:])
    (gradient,) = torch.autograd.grad(loss, features)
    assert loss == 0 and gradient.isfinite().all()


def test_mmd_where_most_rows_are_alike_has_a_gradient_of_their_scale():
    """Dead units: the median distance is 0, and kernels of no width would have a gradient without bound."""
    features = torch.zeros(64, 3)
    features[:8] = torch.randn(8, 3, generator=torch.Generator().manual_seed(0))
    features.requires_grad_()
    (gradient,) = torch.autograd.grad(squared_mmd(features[:32], features[32:]), features)
    assert 0 < gradient.abs().max() < 10


def test_distances_of_features_far_from_zero_keep_their_digits():
    x = torch.randn(8, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(squared_distances(x + 1000), torch.cdist(x, x).square(), rtol=1e-2, atol=1e-2)


@settings(deadline=None, max_examples=40)
@given(SIZES, st.sampled_from([1, 2, 40]))
def test_moments_against_numpy(sizes, wide):
    """Also of more features than rows, where no covariance is made."""
    n, m, f, seed = sizes
    source, target = two_sets(n, m, f * wide, seed)
    covariances = [np.atleast_2d(np.cov(each.numpy(), rowvar=False)) for each in (source, target)]
    apart = source.numpy().mean(0) - target.numpy().mean(0)
    expected = ((covariances[0] - covariances[1]) ** 2).mean() / 4 + (apart**2).mean()
    assert float(moment_distance(source, target)) == pytest.approx(expected, rel=1e-9)


def test_moments_are_zero_for_sets_of_equal_moments_and_see_both():
    source, _ = two_sets(9, 2, 3, 0)
    assert moment_distance(source, source.flip(0)) < 1e-20
    torch.testing.assert_close(moment_distance(source, source + 2), torch.tensor(4.0, dtype=torch.float64))
    centred = source - source.mean(0)
    assert moment_distance(centred, 2 * centred) > 0.01


@pytest.mark.parametrize(("name", "distance"), [("moments", moment_distance), ("mmd", squared_mmd)])
def test_losses_are_task_and_weighted_distance_pooled_or_of_each_source(spec, name, distance):
    model, batch = network(spec), batch_of(11, 7)
    features = model.features(model.embed(batch.tokens)).detach()
    source, target = features[:11], features[11:]
    domain = batch.domain[:11]
    expected = {
        "pooled": distance(source, target),
        "each": (distance(source[domain == 0], target) + distance(source[domain == 1], target)) / 2,
    }
    for sources, value in expected.items():
        objective = ready(name, model, spec, weight=3.0, schedule=constant(0.5), sources=sources)
        torch.testing.assert_close(objective.losses(model, batch, 0.1)["alignment"].detach(), 1.5 * value)
        health = objective.health()
        torch.testing.assert_close(health["feature_distance"], value)
        torch.testing.assert_close(health["feature_spread"], source.var(0, correction=0).sum())
    assert expected["pooled"] != expected["each"]


@pytest.mark.parametrize("name", ["moments", "mmd"])
def test_too_few_rows_to_tell_a_distance_add_nothing(spec, name):
    """One row of a domain has no covariance; a NaN would end the training."""
    model = network(spec)
    for batch in (batch_of(1, 5), batch_of(5, 1)):
        objective = ready(name, model, spec, schedule=constant(1.0))
        assert objective.losses(model, batch, 0.5)["alignment"] == 0
    sole = ready(name, model, spec, schedule=constant(1.0), sources="each")
    assert sole.losses(model, batch_of(2, 5), 0.5)["alignment"] == 0  # one row of each source


@pytest.mark.parametrize("name", ["moments", "mmd"])
def test_a_distance_is_computed_in_full_precision(spec, name):
    """bfloat16 has three digits; the difference of two covariances would have none."""
    model, batch = network(spec), batch_of(30, 30)
    objective = ready(name, model, spec, weight=1.0, schedule=constant(1.0))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        features = model.features(model.embed(batch.tokens)).float()
        found = objective.losses(model, batch, 0.5)["alignment"]
    expected = objective.distance(features[:30], features[30:])
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected)


# --- Collapse ---


def rows(task, spread=None):
    spreads = spread or [None] * len(task)
    return [
        {"step": step, "train_task": loss} | ({} if value is None else {"feature_spread": value})
        for step, (loss, value) in enumerate(zip(task, spreads, strict=True))
    ]


def test_a_collapse_is_told_in_words_and_a_healthy_training_is_not():
    assert signs_of_collapse(rows([0.7, 0.5, 0.4, 0.45], [2.0, 5.0, 3.0, 0.5])) == []
    assert signs_of_collapse(rows([0.02, 0.001, 0.003])) == []
    (vanished,) = signs_of_collapse(rows([0.7, 0.5, 0.6], [2.0, 5.0, 0.01]))
    assert "spread fell from 5 to 0.01" in vanished
    (unlearned,) = signs_of_collapse(rows([0.7, 0.4, 0.69], [2.0, 5.0, 1.0]))
    assert "rose from 0.4 to 0.69" in unlearned
    assert len(signs_of_collapse(rows([0.7, 0.4, 0.69], [2.0, 5.0, 0.0]))) == 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["moments", "mmd"])
def test_a_task_that_is_given_up_is_told(spec, name):
    """The target has positives only, and the weight is far too large: what tells the classes tells the domains."""
    model = network(spec)
    objective = ready(name, model, spec, weight=1e4, schedule={"name": "late", "start": 0.5, "maximum": 1.0})
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    history = []
    for step in range(300):
        batch = batch_of(40, 40, seed=step)
        batch.tokens[:40, 0] = batch.labels[:40, 0].byte()
        batch.tokens[40:, 0] = 1
        losses = objective.losses(model, batch, step / 300)
        optimiser.zero_grad()
        sum(losses.values()).backward()
        optimiser.step()
        health = {key: float(value) for key, value in objective.health().items()}
        history.append({"step": step, "train_task": float(losses["task"].detach())} | health)
    assert objective.concerns(history[:140]) == []
    assert objective.concerns(history) != []
