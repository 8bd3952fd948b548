"""An ordinary network in an equivariant one: equal outputs, and refusals where they would not be."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cislearn.errors import UserError
from cislearn.models.embedding import embed_conjoined, keeps_strands
from cislearn.models.network import build_network
from cislearn.models.strands import strand_logits
from tests.models.conftest import one_hot_windows
from tests.models.test_equivariance import FLIP, OURS, spec_of, stirred
from tests.models.test_zhou import SMALL, equivariant

SIZES = SMALL | {"wide": OURS["wide"]}


@pytest.mark.parametrize("tasks", [1, 3])
@pytest.mark.parametrize("merge", ["sum", "average"])
@pytest.mark.parametrize("encoder", SIZES)
def test_the_equivariant_network_says_the_mean_of_both_strands(encoder, merge, tasks):
    """Identity, to 1e-6 in double precision, and before it is embedded it is another network."""
    spec = spec_of(40, tasks=tasks)
    torch.manual_seed(0)
    trained = stirred(build_network(encoder, spec, SIZES[encoder])).double()
    network = stirred(build_network(encoder, spec, SIZES[encoder] | equivariant(merge=merge))).double()
    x = one_hot_windows(6, 40).double()
    expected = strand_logits(trained, x).mean(1)
    assert not torch.allclose(network(x), expected, atol=1e-3)
    embed_conjoined(trained, network)
    torch.testing.assert_close(network(x), expected, rtol=0, atol=1e-6)
    assert keeps_strands(network) and not keeps_strands(trained)


def test_it_can_be_trained_on_and_leaves_the_zeros():
    spec = spec_of(40)
    trained, network = (build_network("zhou_binary", spec, SMALL["zhou_binary"] | o) for o in ({}, equivariant()))
    embed_conjoined(trained, network)
    second = network.encoder.stages[1].linear.weight
    assert (second[:, 4:] == 0).all() and (second[:, :4] != 0).all() and network.training
    network(one_hot_windows(8, 40)).square().sum().backward()
    assert (second.grad[:, 4:] != 0).any()


def test_with_tracks_and_with_other_tasks_the_encoder_is_embedded():
    spec, other = spec_of(40, FLIP), spec_of(40, FLIP, tasks=2)
    trained = stirred(build_network("wide", spec, SIZES["wide"]))
    network = build_network("wide", other, SIZES["wide"] | equivariant(merge="average")).eval()
    head = network.head[0].linear[1].weight.clone()
    embed_conjoined(trained, network)
    assert torch.equal(network.head[0].linear[1].weight, head)
    x = torch.cat([one_hot_windows(3, 40), torch.rand(3, 1, 40)], dim=1)
    turned = torch.cat([x[:, :4].flip(1), x[:, 4:]], dim=1).flip(2)
    mean = (trained.features(x) + trained.features(turned)) / 2
    torch.testing.assert_close(network.features(x), mean, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("encoder", "length", "options", "message"),
    [
        ("motif_cnn", 40, equivariant(), "ReLU follows the merging of the strands, and is not linear"),
        ("wide", 41, equivariant(), "leaves positions out at one end of windows of 41 bp"),
        ("wide", 40, equivariant(filters="half"), "other shapes"),
        ("zhou_simulated", 40, equivariant(merge="weighted_sum"), "does not merge its strands by sum or average"),
        ("zhou_simulated", 40, equivariant() | {"hybrid": True}, "other shapes"),
    ],
)
def test_what_would_not_be_exact_is_refused_with_the_reason(encoder, length, options, message):
    sizes = (SIZES | OURS)[encoder]
    trained = build_network(encoder, spec_of(length), sizes)
    network = build_network(encoder, spec_of(length), sizes | options)
    with pytest.raises(UserError, match=f"equal outputs: .*{message}"):
        embed_conjoined(trained, network)


def test_outputs_are_tried_as_well():
    """A network whose head does more than its modules show."""
    trained, network = (
        build_network("zhou_binary", spec_of(40), SMALL["zhou_binary"] | o) for o in ({}, equivariant())
    )
    nn.init.normal_(trained.head[0].linear.bias)
    network.head[0].register_forward_hook(lambda part, inputs, output: output.sigmoid())
    with pytest.raises(UserError, match="outputs differ by"):
        embed_conjoined(trained, network)
