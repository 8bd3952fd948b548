"""Two towers: the block against pairs one by one, published sizes, a gene's own regulator, both strands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from cislearn.errors import UserError
from cislearn.models.two_towers import DESIGNS, Design, TwoTowers, design_of
from cislearn.models.two_towers.merges import JOINTS
from cislearn.models.two_towers.network import without_own
from cislearn.models.two_towers.recurrent import Recurrent

GENES, CONDITIONS, REGULATORS, LENGTH = 5, 3, 7, 60
SMALL = {
    "tensor_product": Design(promoter_options={"filters": (6,), "widths": (5,)}, hidden=(8, 8)),
    "tensor_product_of_dense": Design(
        promoter_options={"filters": (6,), "widths": (5,)}, regulators=(4,), hidden=(8, 8)
    ),
    "greatest_product": Design(
        promoter_options={"filters": (6,), "widths": (5,)}, merge="greatest_product", hidden=(8, 8)
    ),
    "concatenation": Design(
        promoter_options={"filters": (6, 4), "widths": (5, 3), "pools": (4, 3)},
        regulators=(8, 8),
        merge="concatenation",
        hidden=(8, 8),
    ),
    "product": Design(
        promoter="gene", promoter_options={"features": 4}, regulators=(4,), merge="product", hidden=(), columns=3
    ),
    "lstm": Design(
        promoter_options={"filters": (6,), "widths": (5,), "pools": (15,), "same": True, "keep_steps": True},
        merge="recurrent",
        merge_options={"state": 3},
        hidden=(8,),
    ),
    "gru_outer": Design(
        promoter_options={"filters": (4,), "widths": (5,), "pools": (15,), "keep_steps": True},
        merge="recurrent",
        merge_options={"state": 3, "cell": "gru", "joint": "tensor_product"},
        hidden=(8,),
    ),
    "equivariant": Design(
        promoter="equivariant",
        promoter_options={"filters": 3, "width": 5, "pool": 2, "hidden": 6},
        merge="concatenation",
        hidden=(8, 8),
        norm=True,
    ),
}


@pytest.fixture(params=SMALL)
def network(request):
    torch.manual_seed(0)
    return TwoTowers(SMALL[request.param], length=LENGTH, regulators=REGULATORS, genes=GENES).double().eval()


@pytest.fixture
def inputs():
    torch.manual_seed(1)
    x = nn.functional.one_hot(torch.randint(4, (GENES, LENGTH)), 4).transpose(1, 2).double()
    return x, torch.randn(CONDITIONS, REGULATORS).double(), torch.tensor([-1, 2, -1, 6, -1]), torch.arange(GENES)


def pair_by_pair(network, x, regulators, own, genes):
    """The same by a call for each pair, its regulators masked by hand."""
    rows = []
    for g in range(len(x)):
        for v in regulators:
            seen = v.clone()
            if own[g] >= 0:
                seen[own[g]] = 0
            rows.append(network(x[g : g + 1], seen[None], genes[g : g + 1])[0])
    return torch.stack(rows).unflatten(0, (len(x), len(regulators)))


def test_a_block_is_its_pairs_in_loss_and_gradients(network, inputs):
    target = torch.randn(GENES, CONDITIONS, 1).double()
    gradients = []
    for found in (network.block(*inputs), pair_by_pair(network, *inputs)):
        loss = (found - target).square().mean()
        gradients.append([loss, *torch.autograd.grad(loss, list(network.parameters()), materialize_grads=True)])
    for block, pairs in zip(*gradients, strict=True):
        torch.testing.assert_close(block, pairs, rtol=1e-5, atol=1e-9)


def test_a_gene_does_not_see_itself(network, inputs):
    """Whatever its own expression is, a regulator is predicted the same; other genes are not."""
    x, regulators, own, genes = inputs
    other = regulators.clone()
    other[:, 2] += 5.0
    before, after = network.block(x, regulators, own, genes), network.block(x, other, own, genes)
    torch.testing.assert_close(before[1], after[1])
    assert (before[0] - after[0]).abs().max() > 1e-3
    assert (before[3] - after[3]).abs().max() > 1e-3
    seen = network.block(x, other, torch.full_like(own, -1), genes)
    assert (seen[1] - after[1]).abs().max() > 1e-3


@pytest.mark.parametrize("name", JOINTS)
def test_merges_against_sums_written_out(name):
    torch.manual_seed(0)
    s, v = torch.randn(4, 5).double(), torch.randn(3, 5).double()
    merge = JOINTS[name](5, 5, 2).double()
    weight, bias = merge.linear.weight.detach().numpy(), merge.linear.bias.detach().numpy()
    found = merge.block(s, v).detach().numpy()
    for g in range(4):
        for c in range(3):
            a, b = s[g].numpy(), v[c].numpy()
            joined = {
                "tensor_product": np.outer(b, a).ravel(),
                "concatenation": np.concatenate([a, b]),
                "greatest_product": np.outer(b, a).max(axis=1),
                "product": a * b,
            }[name]
            np.testing.assert_allclose(found[g, c], weight @ joined + bias, atol=1e-12)


def recurrent(cell):
    torch.manual_seed(0)
    merge = Recurrent(4, 3, 5, cell=cell, state=6).double().eval()
    return merge, torch.randn(2, 4, 7).double(), torch.randn(2, 3).double()


def test_the_lstm_is_that_of_pytorch():
    merge, s, v = recurrent("lstm")
    theirs = nn.LSTM(7, 6, batch_first=True, bidirectional=True).double()
    weight, bias = merge.inputs.linear.weight.chunk(2), merge.inputs.linear.bias.chunk(2)
    with torch.no_grad():
        for k, end in enumerate(("l0", "l0_reverse")):
            getattr(theirs, f"weight_ih_{end}").copy_(weight[k])
            getattr(theirs, f"bias_ih_{end}").copy_(bias[k])
            getattr(theirs, f"weight_hh_{end}").copy_(merge.recur[k].T)
            getattr(theirs, f"bias_hh_{end}").zero_()
    steps = torch.cat([s.transpose(1, 2), v[:, None].expand(-1, 7, -1)], dim=2)
    last = theirs(steps)[1][0]
    torch.testing.assert_close(merge.pairs(s, v), merge.linear(torch.cat([last[0], last[1]], dim=1)))


def test_the_gru_resets_the_state_before_its_map():
    """Cho et al. 2014, eq. 5 to 8, written out for one direction; `z` keeps the old state."""
    merge, s, v = recurrent("gru")
    state, u = torch.zeros(2, 6).double(), merge.recur[0]
    for t in range(7):
        gates = merge.inputs.pairs(s[:, :, t], v)[:, :18]
        r = torch.sigmoid(gates[:, :6] + state @ u[:, :6])
        z = torch.sigmoid(gates[:, 6:12] + state @ u[:, 6:12])
        state = z * state + (1 - z) * torch.tanh(gates[:, 12:] + (r * state) @ u[:, 12:])
    gates = torch.stack([merge.inputs.pairs(s[:, :, t], v) for t in range(7)], dim=1)
    torch.testing.assert_close(merge._run(gates[:, :, :18].unbind(1), u), state)


PUBLISHED = {
    "tensor_product": (256, 62_149_377),
    "basset": (3600, None),
    "two_layers": (13_568, None),
    "small_filters": (7424, None),
    "concatenation_15": (16_896, None),
    "concatenation": (17_920, None),
}
"""Numbers of a promoter laid side by side and, where it was printed, parameters."""
STEPS = {"lstm": 65, "gru_15": 65, "gru_100": 10, "gru_491": 2, "gru_982": 1, "lstm_outer": 65}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_sizes(name):
    features, parameters = PUBLISHED[name]
    if parameters is None:
        assert DESIGNS[name].branch(1000, 0).features == features
    else:
        with torch.device("meta"):
            network = TwoTowers(DESIGNS[name], length=1000, regulators=472, genes=0)
        assert network.promoters.features == features
        assert sum(each.numel() for each in network.parameters()) == parameters


@pytest.mark.parametrize("name", STEPS)
def test_published_steps(name):
    branch = DESIGNS[name].branch(1000, 0)
    assert branch.steps == STEPS[name]
    assert branch(torch.zeros(1, 4, 1000), torch.zeros(1, dtype=torch.int64)).shape[2] == STEPS[name]


def test_a_pooling_over_the_ends_is_that_of_the_positions_alone():
    """Zeros beyond the ends change no maximum that a ReLU follows: 982 positions, 15 wide, four on either side."""
    torch.manual_seed(0)
    branch = Design(promoter_options={"pools": (15,), "same": True, "keep_steps": True}).branch(1000, 0)
    x = nn.functional.one_hot(torch.randint(4, (1, 1000)), 4).transpose(1, 2).float()
    found, map_ = branch(x, torch.zeros(1, dtype=torch.int64)), branch.layers[0](x)
    for t in range(66):
        first = 15 * t - 4
        torch.testing.assert_close(found[:, :, t], map_[:, :, max(first, 0) : first + 15].amax(dim=2).relu())


def test_both_strands_are_alike_to_the_equivariant_branch(inputs):
    """trap 1: the bases are in the order ACGT, so a window is turned by both of its axes."""
    x, regulators, own, genes = inputs
    network = TwoTowers(SMALL["equivariant"], length=LENGTH, regulators=REGULATORS, genes=GENES).double().eval()
    torch.testing.assert_close(
        network.block(x, regulators, own, genes), network.block(x.flip(1, 2), regulators, own, genes)
    )


def test_a_gene_that_is_new_has_no_vector(inputs):
    _, regulators, own, _ = inputs
    network = TwoTowers(SMALL["product"], length=LENGTH, regulators=REGULATORS, genes=GENES).double().eval()
    found = network.block(torch.zeros(GENES, 4, LENGTH).double(), regulators, own)
    torch.testing.assert_close(found, network.merge.linear.bias.expand_as(found))


def test_the_last_layer_is_spared_penalties():
    network = TwoTowers(SMALL["tensor_product"], length=LENGTH, regulators=REGULATORS, genes=GENES)
    spared = sum(each.numel() for each in network.parameters()) - sum(e.numel() for e in network.inner_weights())
    assert spared == 8 + 1


def test_masked_copies_are_one_a_regulator():
    v = torch.arange(6.0).view(2, 3)
    assert without_own(v, torch.tensor([1, 2])).tolist() == [[[0, 0, 2], [3, 0, 5]], [[0, 1, 0], [3, 4, 0]]]


@pytest.mark.parametrize(
    ("design", "length", "said"),
    [
        (Design(), 10, r"promoters of 10 bp do not fit: nothing is left of the promoter at convolution 1"),
        (DESIGNS["equivariant"], 999, "promoters of 999 bp do not fit: 991 positions before a pooling of 4"),
        (Design(promoter="convolution"), 60, "did you mean convolutions?"),
        (Design(merge="tensorproduct"), 60, "did you mean tensor_product?"),
        (Design(promoter_options={"filter": (3,)}), 60, "no option 'filter'; did you mean filters?"),
        (Design(merge="product"), 60, "256 numbers of the promoter and 7 of the regulators have no product"),
        (replace(DESIGNS["lstm"], merge_options={"cell": "rnn"}), 60, "expected lstm or gru"),
    ],
)
def test_designs_that_cannot_be(design, length, said):
    with pytest.raises(UserError, match=said.replace("?", r"\?")):
        TwoTowers(design, length=length, regulators=REGULATORS, genes=0)


def test_a_name_that_is_not_known():
    with pytest.raises(UserError, match=r"did you mean tensor_product\?"):
        design_of("tensor_produkt")
    assert design_of("lstm", classes=True).columns == 3
