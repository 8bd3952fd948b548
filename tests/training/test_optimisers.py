from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cislearn.training.optimisers import OptimiserPlan, build_optimiser, cap_weights, learning_rate

PROGRESS = st.floats(0, 1)


@given(PROGRESS)
def test_the_rate_rises_linearly_then_falls_along_a_cosine(p):
    plan = OptimiserPlan(learning_rate=0.2, warmup=0.1)
    expected = 0.2 * p / 0.1 if p < 0.1 else 0.1 * (1 + math.cos(math.pi * (p - 0.1) / 0.9))
    assert learning_rate(plan, p) == pytest.approx(expected)


@given(PROGRESS)
def test_the_rate_of_ganin(p):
    """Ganin et al. 2016: 0.01 / (1 + 10 p) ** 0.75."""
    plan = OptimiserPlan(learning_rate=0.01, decay="ganin", warmup=0.0)
    assert learning_rate(plan, p) == pytest.approx(0.01 / (1 + 10 * p) ** 0.75)


@given(PROGRESS, st.sampled_from(["cosine", "constant", "ganin"]), st.floats(0, 0.9))
def test_no_rate_is_above_the_greatest_or_below_zero(p, decay, warmup):
    rate = learning_rate(OptimiserPlan(learning_rate=0.3, decay=decay, warmup=warmup), p)
    assert 0 <= rate <= 0.3


@pytest.mark.parametrize("decay", ["cosine", "constant", "ganin"])
def test_values_at_the_ends(decay):
    plan = OptimiserPlan(learning_rate=0.3, decay=decay, warmup=0.05)
    assert learning_rate(plan, 0.0) == 0
    assert learning_rate(plan, 0.05) == pytest.approx(0.3)
    at_1 = {"cosine": 0.0, "constant": 0.3, "ganin": 0.3 / 11**0.75}[decay]
    assert learning_rate(plan, 1.0) == pytest.approx(at_1, abs=1e-12)
    assert learning_rate(OptimiserPlan(learning_rate=0.3, decay=decay, warmup=0.0), 0.0) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("name", "kind"), [("sgd", torch.optim.SGD), ("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)]
)
def test_the_optimiser_of_a_plan(name, kind):
    weight = torch.nn.Parameter(torch.ones(3))
    optimiser = build_optimiser(OptimiserPlan(name, 0.2, weight_decay=0.1, momentum=0.7), [weight])
    assert type(optimiser) is kind
    (group,) = optimiser.param_groups
    assert (group["lr"], group["weight_decay"], group.get("momentum", 0.7)) == (0.2, 0.1, 0.7)


def test_momentum_against_its_recurrence():
    weight = torch.nn.Parameter(torch.tensor(1.0, dtype=torch.float64))
    optimiser = build_optimiser(OptimiserPlan("sgd", 0.1, weight_decay=0.0, momentum=0.9), [weight])
    expected, velocity = 1.0, 0.0
    for _ in range(5):
        optimiser.zero_grad()
        (weight**2).backward()
        optimiser.step()
        velocity = 0.9 * velocity + 2 * expected
        expected -= 0.1 * velocity
        assert weight.item() == pytest.approx(expected)


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_a_fused_optimiser_takes_the_same_steps(name):
    plan = OptimiserPlan(name, 0.01, weight_decay=0.1)
    start, gradients = torch.randn(7), torch.randn(5, 7)
    ended = []
    for fused in (False, True):
        weight = torch.nn.Parameter(start.clone())
        optimiser = build_optimiser(plan, [weight], fused=fused)
        for gradient in gradients:
            weight.grad = gradient.clone()
            optimiser.step()
        ended.append(weight.detach())
    torch.testing.assert_close(ended[1], ended[0], rtol=1e-6, atol=1e-7)


def test_rmsprop_against_its_recurrence():
    """Tieleman and Hinton 2012: the gradient over the root of its mean square, which keeps `alpha` of itself."""
    weight = torch.nn.Parameter(torch.tensor(1.0, dtype=torch.float64))
    optimiser = build_optimiser(OptimiserPlan("rmsprop", 0.1, weight_decay=0.0, alpha=0.9), [weight])
    expected, square = 1.0, 0.0
    for _ in range(5):
        optimiser.zero_grad()
        (weight**2).backward()
        optimiser.step()
        square = 0.9 * square + 0.1 * (2 * expected) ** 2
        expected -= 0.1 * 2 * expected / (math.sqrt(square) + 1e-8)
        assert weight.item() == pytest.approx(expected)


def test_weights_are_capped_filter_by_filter_and_offsets_are_not():
    conv = torch.nn.Conv1d(3, 4, 5)
    with torch.no_grad():
        conv.weight[0] *= 100
        conv.bias += 50
    before = {name: value.detach().clone() for name, value in conv.named_parameters()}
    cap_weights(conv, 2.0)
    norms = conv.weight.flatten(1).norm(dim=1)
    assert norms[0].item() == pytest.approx(2.0, rel=1e-5) and (norms[1:] < 2).all()
    torch.testing.assert_close(conv.weight[0] / norms[0], before["weight"][0] / before["weight"][0].norm())
    assert torch.equal(conv.weight[1:], before["weight"][1:]) and torch.equal(conv.bias, before["bias"])
    capped = conv.weight.detach().clone()
    cap_weights(conv.requires_grad_(False), 0.1)
    assert torch.equal(conv.weight, capped), "what is not trained has changed"
