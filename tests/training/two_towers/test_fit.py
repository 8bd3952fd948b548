"""Training of two towers: absent labels, blocks and pairs, ablations, a killed training, and what is learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from cislearn.data.expression.ablations import ABLATIONS
from cislearn.data.expression.blocks import Block, blocks, pairs, pairs_at
from cislearn.errors import UserError
from cislearn.evaluation.expression import calls
from cislearn.models.two_towers import Design, TwoTowers
from cislearn.objectives.expression import called, pair_loss, penalty
from cislearn.prediction.two_towers import block_logits, predict_block
from cislearn.training.optimisers import OptimiserPlan
from cislearn.training.two_towers import RECIPES, Plan, fit_towers
from cislearn.training.two_towers.fit import steps
from cislearn.training.two_towers.plan import halvings, is_out_of_patience, recipe_of

GENES, CONDITIONS, REGULATORS, LENGTH = 96, 9, 4, 30
OLD = 64
"""Genes that are trained on where others are new."""
DESIGN = Design(promoter_options={"filters": (16,), "widths": (7,)}, hidden=(16,), dropouts=(0.0,))
ADAM = OptimiserPlan("adam", 1e-2, 0.0, decay="constant", warmup=0.0)
CPU = torch.device("cpu")
EPOCHS = 25
NEW = np.broadcast_to(np.arange(GENES)[:, None] >= OLD, (GENES, CONDITIONS))


@pytest.fixture
def block():
    """Genes with the word GATTACA follow the first regulator, the others go against it; two are regulators."""
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, 4, (GENES, LENGTH)).astype(np.uint8)
    tokens[::2, 10:17] = [2, 0, 3, 3, 0, 1, 0]
    regulators = rng.normal(size=(CONDITIONS, REGULATORS)).astype(np.float32)
    labels = np.where(np.arange(GENES) % 2, -1, 1)[:, None] * regulators[:, 0][None]
    own = np.full(GENES, -1)
    own[[3, 8]] = [1, 2]
    return Block(*map(torch.from_numpy, (tokens, regulators, own, np.arange(GENES), labels.astype(np.float32))))


def network(design=DESIGN, seed=0):
    torch.manual_seed(seed)
    return TwoTowers(design, length=LENGTH, regulators=REGULATORS, genes=GENES)


def hidden(block, mask):
    """The block without the labels of a mask."""
    return block.seeing(block.labels.numpy(), ~mask)


def some(rng, share):
    return rng.random((GENES, CONDITIONS)) < share


def test_an_absent_label_adds_nothing(block, rng):
    """Whatever stood there, loss and gradients are those of the pairs that are there."""
    net, mask = network(), some(rng, 0.4)
    logits = block_logits(net, block)
    loss = pair_loss(logits, hidden(block, mask).labels)
    expected = (logits[..., 0] - block.labels)[torch.from_numpy(~mask)].square().mean()
    torch.testing.assert_close(loss, expected)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert (gradient[torch.from_numpy(mask)] == 0).all()


def test_without_any_label_there_is_no_gradient(block):
    net = network()
    loss = pair_loss(block_logits(net, block), torch.full_like(block.labels, torch.nan))
    loss.backward()
    assert loss == 0 and all((each.grad == 0).all() for each in net.parameters())


def test_calls_are_those_that_are_scored():
    values = torch.tensor([-2.0, -0.5, -0.49, 0.0, 0.5, 3.0])
    assert called(values).tolist() == calls(values.numpy()).tolist() == [0, 0, 1, 1, 2, 2]
    logits = torch.randn(6, 3)
    expected = -logits.log_softmax(1)[torch.arange(6), called(values)].mean()
    torch.testing.assert_close(pair_loss(logits, values), expected)


def test_penalties_written_out():
    weights = [torch.tensor([1.0, -2.0]), torch.tensor([[3.0]])]
    assert penalty(weights, 0.1, 0.01).item() == pytest.approx(0.1 * 6 + 0.01 * 14)


def test_blocks_and_pairs_give_each_label_once(block, rng):
    seen = hidden(block, some(rng, 0.3))
    expected = sorted(seen.labels[~seen.labels.isnan()].tolist())
    of_blocks = [label for b in blocks(seen, genes=7, conditions=4, seed=1) for label in b.labels.flatten().tolist()]
    of_pairs = [label for p in pairs(seen, size=10, seed=1) for label in p.labels.tolist()]
    assert sorted(label for label in of_blocks if label == label) == sorted(of_pairs) == expected
    again = [p.genes.tolist() for p in pairs(seen, size=10, seed=1)]
    assert again == [p.genes.tolist() for p in pairs(seen, size=10, seed=1)]
    assert again != [p.genes.tolist() for p in pairs(seen, size=10, seed=2)]


def test_pairs_are_those_of_the_block(block):
    """The sampler of the publication and the block agree on each pair, a gene's own regulator masked in both."""
    net = network().eval()
    genes, conditions = torch.tensor([3, 8, 0, 3]), torch.tensor([2, 0, 5, 1])
    p = pairs_at(block, genes, conditions)
    torch.testing.assert_close(
        net(net.embed(p.tokens), p.regulators, p.genes), block_logits(net, block)[genes, conditions]
    )
    assert p.regulators[0, 1] == p.regulators[1, 2] == 0 and block.regulators[2, 1] != 0


def test_prediction_in_pieces_is_that_of_the_whole(block, monkeypatch):
    from cislearn.prediction import two_towers

    net = network().eval()
    monkeypatch.setattr(two_towers, "GENES", 5)
    monkeypatch.setattr(two_towers, "CONDITIONS", 4)
    torch.testing.assert_close(predict_block(net, block, CPU), block_logits(net, block).detach())


@pytest.mark.parametrize("sampler", ["blocks", "pairs"])
def test_a_motif_is_learned_for_genes_that_are_new(block, sampler):
    plan = Plan(ADAM, epochs=EPOCHS, patience=EPOCHS, sampler=sampler, genes=16, conditions=9, pairs=40)
    net, judged = network(), hidden(block, ~NEW)
    fitted = fit_towers(net, hidden(block, NEW), judged, plan, CPU)
    assert fitted.error < 0.3 * float(judged.labels[OLD:].square().mean())
    assert fitted.error == pytest.approx(float(pair_loss(predict_block(net, judged, CPU), judged.labels)))


def trained(block, design=DESIGN):
    """Last validation error over the variance, for genes that are new."""
    plan = Plan(ADAM, epochs=EPOCHS, patience=EPOCHS, genes=16)
    fitted = fit_towers(network(design), hidden(block, NEW), hidden(block, ~NEW), plan, CPU)
    return fitted.history[-1]["valid_loss"] / float(block.labels[OLD:].square().mean())


def test_what_is_taken_away_cannot_be_learned(block):
    """Without promoters, or with those of other genes, new genes cannot be told apart; nor without regulators."""
    errors = {name: trained(change(block)) for name, change in ABLATIONS.items()}
    assert min(errors.values()) > 0.8, errors
    identity = replace(DESIGN, promoter="gene", promoter_options={"features": 8})
    assert trained(block, identity) > 0.8
    assert trained(block) < 0.3


def test_ablations_leave_everything_else(block):
    n_only = ABLATIONS["regulators only"](block)
    assert (network().embed(n_only.tokens) == 0).all() and n_only.regulators is block.regulators
    dealt = ABLATIONS["shuffled promoters"](block)
    assert sorted(map(tuple, dealt.tokens.tolist())) == sorted(map(tuple, block.tokens.tolist()))
    assert (dealt.tokens != block.tokens).any() and dealt.labels is block.labels


def test_a_killed_training_ends_as_one_that_was_not(block, tmp_path):
    """trap 16: nothing that the training depends on is counted outside the checkpoint."""
    design = replace(DESIGN, dropouts=(0.5,))
    judged = hidden(block, np.zeros((GENES, CONDITIONS), dtype=bool))
    plan = Plan(replace(ADAM, decay="cosine"), epochs=4, genes=8, conditions=5)

    class Killed(Exception):
        pass

    def kill(text, done=0, total=0):
        if text.startswith("epoch 3"):
            raise Killed

    whole, killed = network(design), network(design)
    fit_towers(whole, block, judged, plan, CPU)
    with pytest.raises(Killed):
        fit_towers(killed, block, judged, plan, CPU, checkpoint=tmp_path / "last.pt", progress=kill)
    resumed = network(design, seed=7)
    fitted = fit_towers(resumed, block, judged, plan, CPU, checkpoint=tmp_path / "last.pt")
    assert len(fitted.history) == 5
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value, rtol=0, atol=0)


def test_divergence_is_told(block):
    plan = Plan(OptimiserPlan("sgd", 1e12, 0.0, momentum=0.0, decay="constant", warmup=0.0), epochs=3)
    with pytest.raises(UserError, match="Take a learning rate below 1e"):
        fit_towers(network(), block, block, plan, CPU)


def test_rates_are_halved_and_patience_ends():
    assert halvings([3, 2, 2, 2, 2, 1], 2) == 1 and halvings([3, 2, 2, 2, 2, 2], 2) == 2 and halvings([3, 4], None) == 0
    assert is_out_of_patience([3, 1, 2, 2], 2) and not is_out_of_patience([3, 1, 2], 2)
    assert not is_out_of_patience([], 2)


@pytest.mark.parametrize("size", [7, 40])
def test_an_epoch_of_pairs_and_one_of_blocks_have_the_same_gradient(block, rng, size):
    """Labels are drawn without replacement either way, so the mean over steps, each by its labels, is that of all."""
    seen, net = hidden(block, some(rng, 0.3)), network().eval()
    parameters = list(net.parameters())

    def mean_gradient(plan):
        total, n = [torch.zeros_like(each) for each in parameters], 0
        for logits, labels in steps(net, seen, plan, 3, CPU):
            size = int((~labels.isnan()).sum())
            for each, found in zip(total, torch.autograd.grad(pair_loss(logits, labels), parameters), strict=True):
                each += size * found
            n += size
        return [each / n for each in total]

    expected = torch.autograd.grad(pair_loss(block_logits(net, seen), seen.labels), parameters)
    for plan in (Plan(sampler="pairs", pairs=size), Plan(sampler="blocks", genes=size, conditions=4)):
        for found, truth in zip(mean_gradient(plan), expected, strict=True):
            torch.testing.assert_close(found, truth, rtol=1e-4, atol=1e-6)


def test_pairs_are_trained_as_published():
    """Blocks change optimiser and rate of the published recipes; single pairs are left at them."""
    assert recipe_of("tensor_product", "pairs") == RECIPES["tensor_product"]
    assert recipe_of("tensor_product").optimiser.momentum == 0.9
    assert recipe_of("factors", "pairs").sampler == "pairs"
