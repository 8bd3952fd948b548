"""Contributions of regulators: by formula, by hand, against captum, and their sums."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from cislearn.data.expression.blocks import Block
from cislearn.errors import UserError
from cislearn.explain.expression import regulators
from cislearn.explain.expression.regulators import contributions, worth_of_regulators
from cislearn.explain.expression.rules import RULES, Rescale, RevealCancel
from cislearn.models.two_towers import TwoTowers
from cislearn.prediction.two_towers import block_logits
from tests.explain.expression.networks import three_promoters, word_times_regulator
from tests.models.two_towers.test_two_towers import SMALL

CPU = torch.device("cpu")
GENES, CONDITIONS, REGULATORS, LENGTH = 5, 4, 7, 60
LINEAR = ["tensor_product", "tensor_product_of_dense", "concatenation", "equivariant"]


def random_network(name: str) -> tuple[TwoTowers, Block]:
    torch.manual_seed(0)
    network = TwoTowers(replace(SMALL[name], columns=1), length=LENGTH, regulators=REGULATORS, genes=GENES).eval()
    for module in network.modules():  # offsets and statistics that are not those of the beginning
        if isinstance(module, nn.Linear | nn.BatchNorm1d):
            nn.init.normal_(module.bias, std=0.5)
        if isinstance(module, nn.BatchNorm1d):
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            nn.init.normal_(module.weight)
    tokens = torch.randint(0, 4, (GENES, LENGTH), dtype=torch.uint8)
    own = torch.tensor([-1, 2, -1, 0, -1])
    absent = torch.full((GENES, CONDITIONS), torch.nan)
    return network, Block(tokens, torch.randn(CONDITIONS, REGULATORS), own, torch.arange(GENES), absent)


def difference(network: TwoTowers, block: Block) -> torch.Tensor:
    nothing = replace(block, regulators=torch.zeros_like(block.regulators))
    return (block_logits(network, block) - block_logits(network, nothing))[:, :, 0].detach()


@pytest.mark.parametrize("rule", RULES)
def test_a_bilinear_network_is_gradient_times_input(rule):
    block = three_promoters([[2.0, 7.0], [-1.0, 7.0]])
    found = contributions(word_times_regulator(), block, RULES[rule])
    assert torch.allclose(found[0], torch.tensor([[1.0, 0.0], [-0.5, 0.0]]))
    assert (found[1:] == 0).all()
    worth = worth_of_regulators(word_times_regulator(), block, RULES[rule], CPU)
    assert torch.allclose(worth.size[0], torch.tensor([0.75, 0.0]).double())
    assert torch.allclose(worth.slope[0], torch.tensor([0.5, 0.0]).double())


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", LINEAR)
def test_contributions_add_up_to_the_difference_from_no_change(name, rule):
    """Trap 9: no module is left out, or used twice, on the way."""
    network, block = random_network(name)
    found = contributions(network, block, RULES[rule])
    torch.testing.assert_close(found.sum(dim=2), difference(network, block), atol=1e-5, rtol=1e-4)
    assert difference(network, block).abs().max() > 0.1


@pytest.mark.parametrize("rule", RULES)
def test_a_gene_gives_its_own_regulator_nothing(rule):
    network, block = random_network("tensor_product")
    found = contributions(network, block, RULES[rule])
    assert (found[1, :, 2] == 0).all() and (found[3, :, 0] == 0).all() and (found[0] != 0).all()


@pytest.mark.filterwarnings("ignore:Setting forward, backward hooks", "ignore:Input Tensor")
@pytest.mark.parametrize("name", LINEAR)
def test_rescale_against_captum_pair_by_pair(name):
    attr = pytest.importorskip("captum.attr")
    network, block = random_network(name)
    found = contributions(network, block, Rescale())
    embedded = network.embed(block.tokens)

    class OfRegulators(nn.Module):
        def __init__(self, gene):
            super().__init__()
            self.network, self.gene = network, gene

        def forward(self, values):
            x = embedded[self.gene : self.gene + 1].expand(len(values), -1, -1)
            s = network.promoters(x, block.genes[self.gene].expand(len(values)))
            return network.head(network.merge.pairs(s.detach(), network.regulators(values)))

    for gene in range(GENES):
        values = block.regulators.clone()
        if block.own[gene] >= 0:
            values[:, block.own[gene]] = 0
        expected = attr.DeepLift(OfRegulators(gene)).attribute(values, torch.zeros_like(values), target=0)
        torch.testing.assert_close(found[gene], expected.detach(), atol=1e-5, rtol=1e-3)


def handed_down(rule, weights, offset, values):
    """Contributions to relu(w . x + b), input by input."""
    x = torch.tensor([values], requires_grad=True)
    weight = torch.tensor([weights])
    parts = rule.relu(rule.linear((x,), weight), torch.tensor([[offset]]))
    return (x * torch.autograd.grad(torch.stack(parts).sum(), x)[0])[0].tolist()


def test_reveal_cancel_by_hand():
    """The least of two inputs (Shrikumar et al. 2017, section 3.5.3): min(a, b) = a - relu(a - b), shared alike."""
    a, b = 3.0, 5.0
    first = handed_down(RevealCancel(), [1.0, -1.0], 0.0, [a, b])
    # relu(a - b) = 0: a adds (3 - 0)/2 + (0 - 0)/2 = 1.5 and b takes 1.5 away
    assert first == pytest.approx([1.5, -1.5])
    assert a - first[0] == pytest.approx(-first[1]) == pytest.approx(min(a, b) / 2)
    assert handed_down(Rescale(), [1.0, -1.0], 0.0, [a, b]) == pytest.approx([0.0, 0.0]), "which hides what cancels"


def test_a_difference_of_nothing_is_worth_nothing():
    for rule in RULES.values():
        assert handed_down(rule, [1.0, 2.0], 0.5, [0.0, 0.0]) == [0.0, 0.0]


@pytest.mark.parametrize("name", ["lstm", "greatest_product"])
def test_merges_without_a_rule_are_refused(name):
    network, block = random_network(name)
    with pytest.raises(UserError, match="not linear in the regulators"):
        contributions(network, block, Rescale())


def test_sums_that_do_not_hold_are_refused(monkeypatch):
    network, block = random_network("tensor_product")
    monkeypatch.setattr(regulators, "_seen", lambda block: block.regulators.repeat(GENES, 1, 1))
    with pytest.raises(UserError, match="do not add up"):
        contributions(network, block, Rescale())


def test_genes_are_the_same_some_at_a_time(monkeypatch):
    network, block = random_network("concatenation")
    whole = worth_of_regulators(network, block, Rescale(), CPU)
    monkeypatch.setattr(regulators, "GENES", 2)
    torch.testing.assert_close(worth_of_regulators(network, block, Rescale(), CPU).size, whole.size)
