from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from cislearn.objectives.cdan import OuterProduct, RandomMap, certainty_weights
from cislearn.schema import DataSpec, TaskSpec
from tests.objectives.conftest import LENGTH, batch_of, network
from tests.objectives.learning import constant, gradients, ready


def test_the_outer_product_is_every_feature_times_every_class():
    f, g = torch.randn(5, 3), torch.rand(5, 2)
    found = OuterProduct(3, 2)(f, g)
    for row in range(5):
        expected = [f[row, i] * g[row, c] for c in range(2) for i in range(3)]
        torch.testing.assert_close(found[row], torch.stack(expected))


def test_the_random_map_keeps_inner_products_of_outer_products_on_average():
    """E <T(f, g), T(f', g')> = <f, f'> <g, g'>."""
    torch.manual_seed(0)
    f, g = torch.randn(2, 4), torch.rand(2, 2)
    maps = [RandomMap(4, 2, 500)(f, g) for _ in range(200)]
    found = torch.stack([(each[0] * each[1]).sum() for each in maps])
    expected = (f[0] @ f[1]) * (g[0] @ g[1])
    assert abs(found.mean() - expected) < 4 * found.std() / 200**0.5


@pytest.mark.parametrize(("n_features", "kind", "n_out"), [(2048, OuterProduct, 4096), (2049, RandomMap, 64)])
def test_large_products_are_drawn_and_the_matrices_are_kept(n_features, kind, n_out):
    from cislearn.models.network import Network
    from tests.objectives.conftest import Small

    spec = DataSpec((TaskSpec("bound"),), ("a", "b"), LENGTH)
    model = Network(Small(LENGTH, features=n_features), spec)
    objective = ready("cdan", model, spec, dimensions=64)
    assert isinstance(objective.map, kind)
    assert objective.discriminator.hidden.in_features == n_out
    assert ("map.of_features" in objective.state_dict()) == (kind is RandomMap)
    assert not any(name.startswith("map") for name, _ in objective.named_parameters())


def test_weights_are_one_plus_exp_of_minus_the_entropy_with_mean_one_on_each_side():
    entropy, target = torch.tensor([0.0, math.log(2), 0.3, 0.1, 0.6]), torch.tensor([0.0, 0.0, 1.0, 1.0, 1.0])
    raw = [1 + math.exp(-float(h)) for h in entropy]
    means = [sum(raw[:2]) / 2, sum(raw[2:]) / 3]
    expected = [raw[0] / means[0], raw[1] / means[0], *(r / means[1] for r in raw[2:])]
    torch.testing.assert_close(certainty_weights(entropy, target), torch.tensor(expected))


@pytest.mark.parametrize("entropy", [True, False])
def test_the_domain_loss_written_out(spec, entropy):
    model, batch = network(spec), batch_of(6, 4)
    objective = ready("cdan", model, spec, weight=2.0, entropy=entropy)
    features = model.features(model.embed(batch.tokens)).detach()
    p = torch.sigmoid(model.classify(features))[:, 0].detach()
    read = torch.cat([(1 - p)[:, None] * features, p[:, None] * features], dim=1)
    each = F.cross_entropy(objective.discriminator(read), torch.tensor([0] * 6 + [1] * 4), reduction="none")
    if entropy:
        w = 1 + torch.exp(p * p.log() + (1 - p) * (1 - p).log())
        w = torch.cat([w[:6] / w[:6].mean(), w[6:] / w[6:].mean()])
        each = each * w
    torch.testing.assert_close(objective.losses(model, batch, 0.5)["domain"], 2.0 * each.mean())


def test_the_gradient_of_the_features_by_finite_differences(spec):
    """Reversed and scaled by lambda, with predictions and weights held: d loss / d f_ij at lambda .7."""
    model, batch = network(spec).double(), batch_of(4, 3)
    objective = ready("cdan", model, spec, schedule=constant(0.7)).double()
    fixed = model.features(model.embed(batch.tokens).double()).detach()
    predicted = model.classify(fixed).detach()
    leaf = fixed.clone().requires_grad_(True)

    class Given:
        """A model whose features are handed in and whose predictions stay as they were."""

        n_features, encoder = model.n_features, model.encoder
        embed = staticmethod(lambda tokens, tracks: tokens)
        features = staticmethod(lambda x: leaf)
        pooled = staticmethod(lambda features: features)
        classify = staticmethod(lambda features: predicted[: len(features)])

    def domain_loss(features):
        nonlocal leaf
        leaf = features
        return objective.losses(Given(), batch, 0.5)["domain"]

    (found,) = torch.autograd.grad(domain_loss(leaf), leaf)
    step = 1e-6
    for place in [(0, 0), (2, 3), (5, 1), (6, 5)]:
        moved = [fixed.clone(), fixed.clone()]
        moved[0][place] += step
        moved[1][place] -= step
        slope = float((domain_loss(moved[0]) - domain_loss(moved[1])).detach()) / (2 * step)
        assert float(found[place]) == pytest.approx(-0.7 * slope, rel=1e-3, abs=1e-7)
        assert abs(slope) > 1e-6


def test_predictions_are_taken_as_they_are(spec):
    """The head learns from labels alone: no gradient of the domain loss, in either direction."""
    model, batch = network(spec), batch_of(6, 4)
    objective = ready("cdan", model, spec, schedule=constant(1.0))
    loss = objective.losses(model, batch, 0.5)["domain"]
    assert all((g == 0).all() for g in gradients(loss, model.head))
    assert max(g.abs().max() for g in gradients(loss, model.encoder)) > 1e-5
    assert max(g.abs().max() for g in gradients(loss, objective.discriminator)) > 1e-5


def test_classes_of_several_tasks_stand_side_by_side():
    spec = DataSpec((TaskSpec("a"), TaskSpec("c", "multiclass", channels=3)), ("a", "b", "c"), LENGTH)
    model = network(spec)
    assert ready("cdan", model, spec).discriminator.hidden.in_features == 6 * 5
