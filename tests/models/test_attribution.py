"""What attribution tools need of our models, tried with tangermeme where it is installed."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from torch import nn

from cislearn.errors import UserError
from cislearn.models.conjoined import Conjoined
from cislearn.models.network import build_network, output
from cislearn.models.strands import BothStrands, Ensemble
from tests.models.conftest import one_hot_windows


@pytest.mark.parametrize("encoder", ["motif_cnn", "dann_tf", "wide"])
def test_no_module_runs_twice_on_one_path_and_the_batch_keeps_its_size(bound, encoder):
    """traps 9 and 10: an activation used twice, or strands joined on the batch axis, break DeepLIFT."""
    network = build_network(encoder, bound).eval()
    calls: Counter[str] = Counter()
    for name, module in network.named_modules():
        if not list(module.children()):

            def count(module, inputs, output, name=name):
                calls[name] += 1
                assert len(output) == 3

            module.register_forward_hook(count)
    network(one_hot_windows(3, 101))
    assert set(calls.values()) == {1}
    for of_both in (BothStrands, Conjoined):
        calls.clear()
        of_both(network)(one_hot_windows(3, 101))
        assert set(calls.values()) == {2}


def test_activations_are_modules(bound):
    """trap 9: a functional activation is invisible to DeepLIFT."""
    for encoder, n in (("motif_cnn", 3), ("dann_tf", 4), ("wide", 7)):
        assert sum(isinstance(m, nn.ReLU) for m in build_network(encoder, bound).modules()) == n


@pytest.mark.parametrize("of_both", [BothStrands, Conjoined])
def test_gradients_of_the_mean_are_the_mean_of_the_strands_gradients(bound, of_both):
    network, x = build_network("motif_cnn", bound).eval(), one_hot_windows(3, 101).requires_grad_()
    (found,) = torch.autograd.grad(output(of_both(network).eval(), "bound")(x).sum(), x)
    one = output(network, "bound")
    (forward,) = torch.autograd.grad(one(x).sum(), x)
    turned = x.detach().flip(1, 2).requires_grad_()
    (backward,) = torch.autograd.grad(one(turned).sum(), turned)
    torch.testing.assert_close(found, (forward + backward.flip(1, 2)) / 2)


@pytest.mark.parametrize(("reading", "reason"), [("maximum", "greater logit"), ("average_probabilities", "do not add")])
def test_what_is_no_mean_of_logits_is_not_attributed(bound, reading, reason):
    network = build_network("motif_cnn", bound)
    models = [BothStrands(network, reading), Conjoined(network, reading)]
    for model in (*models, Ensemble(models)):
        with pytest.raises(UserError, match=reason):
            output(model, "bound")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("of_both", [BothStrands, Conjoined])
@pytest.mark.parametrize("encoder", ["motif_cnn", "dann_tf", "wide", "basset", "alexnet", "inception"])
def test_deeplift_sums_to_the_difference_and_is_the_mean_of_the_strands(bound, encoder, of_both):
    """traps 9, 10 and 11."""
    attribute = pytest.importorskip("tangermeme.deep_lift_shap").deep_lift_shap
    torch.manual_seed(0)
    network = build_network(encoder, bound, {"padding": "same"} if encoder == "basset" else {}).eval()
    x, references = one_hot_windows(3, 101, share_of_n=0.0), one_hot_windows(6, 101, seed=1, share_of_n=0.0)
    references = references.view(3, 2, 4, 101)
    settings = {"references": references, "device": "cpu", "n_shuffles": 2, "warning_threshold": 1e-4}
    both = output(of_both(network).eval(), "bound")
    found = attribute(both, x, **settings)
    delta = both(x)[:, 0] - both(references.flatten(0, 1))[:, 0].view(3, 2).mean(1)
    torch.testing.assert_close(found.sum((1, 2)), delta, rtol=0, atol=1e-4)
    one = output(network, "bound")
    forward = attribute(one, x, **settings)
    turned = settings | {"references": references.flip(2, 3)}
    backward = attribute(one, x.flip(1, 2), **turned).flip(1, 2)
    torch.testing.assert_close(found, (forward + backward) / 2, rtol=0, atol=1e-5)
