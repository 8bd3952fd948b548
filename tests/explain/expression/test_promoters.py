"""What bases of promoters are worth: against formulas, gradients by hand and sums, and with positions taken off."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from cislearn.data.expression.blocks import Block
from cislearn.errors import UserError
from cislearn.explain.expression.promoters import attribute_promoters, by_position
from cislearn.explain.found import filter_motifs
from cislearn.explain.marginal import consensus
from cislearn.explain.methods import Settings
from cislearn.explain.windows import windows_in_memory
from cislearn.models.two_towers import Design, TwoTowers, design_of
from cislearn.models.two_towers.promoters_alone import PromotersAlone
from cislearn.motifs.matrix import Motif
from cislearn.prediction.two_towers import block_logits
from cislearn.sequence.tokens import decode, encode
from cislearn.training.optimisers import OptimiserPlan
from cislearn.training.two_towers import Plan, fit_towers
from tests.explain.expression.networks import three_promoters, word_times_regulator

GENES, LENGTH, REGULATORS = 6, 60, 5
DESIGNS = {
    "tensor_product": Design(promoter_options={"filters": (8,), "widths": (7,)}, hidden=(16, 8)),
    "concatenation": Design(
        promoter_options={"filters": (8,), "widths": (7,), "pools": (9,)}, regulators=(8,), merge="concatenation"
    ),
    "normed": Design(
        promoter_options={"filters": (8, 6), "widths": (7, 5), "pools": (3, 4), "norm": True},
        merge="concatenation",
        hidden=(16, 8),
        norm=True,
    ),
}


def network(design, seed=0):
    torch.manual_seed(seed)
    made = TwoTowers(design, length=LENGTH, regulators=REGULATORS, genes=GENES)
    for name, each in made.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(each, std=0.3)
    return made.eval()


@pytest.fixture
def block(rng):
    return Block(
        torch.from_numpy(rng.integers(0, 4, (GENES, LENGTH)).astype(np.uint8)),
        torch.from_numpy(rng.normal(size=(4, REGULATORS)).astype(np.float32)),
        torch.tensor([-1, 2, -1, 0, -1, -1]),
        torch.arange(GENES),
        torch.full((GENES, 4), torch.nan),
    )


def test_promoters_alone_say_the_mean_of_the_block(block):
    made, free = network(DESIGNS["tensor_product"]), replace(block, own=torch.full((GENES,), -1))
    alone = PromotersAlone(made, block.regulators)
    torch.testing.assert_close(alone(alone.embed(block.tokens)), block_logits(made, free).mean(dim=1))


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("conditions", [[2], [0, 1, 2, 3]])
def test_deep_lift_adds_up_to_the_difference(block, name, conditions):
    """traps 9 to 11: from the references to what the block predicts, a gene's own regulator masked as in training."""
    made, some = network(DESIGNS[name]), block.part(torch.arange(GENES), torch.tensor(conditions))
    found = attribute_promoters([made], some, Settings("deep_lift", "uniform"))
    expected = block_logits(made, some)[:, :, 0].mean(dim=1)
    np.testing.assert_allclose(found.outputs, expected.detach().numpy(), atol=1e-5)
    np.testing.assert_allclose(found.projected.sum((1, 2)), found.differences, atol=1e-4)
    assert np.abs(found.differences).max() > 1e-2


def test_gradient_x_input_is_the_gradient_by_hand(block):
    """Corrected by the mean over the bases; of the mean over conditions it is the mean of theirs."""
    made = network(DESIGNS["concatenation"])
    x = made.embed(block.tokens).requires_grad_()
    made.block(x, block.regulators, block.own)[:, :, 0].mean(dim=1).sum().backward()
    expected = ((x.grad - x.grad.mean(1, keepdim=True)) * x).detach().numpy()
    found = attribute_promoters([made], block, Settings("gradient_x_input"))
    np.testing.assert_allclose(found.projected, expected, atol=1e-6)
    each = [
        attribute_promoters([made], block.part(torch.arange(GENES), torch.tensor([c])), Settings()).projected
        for c in range(4)
    ]
    np.testing.assert_allclose(np.mean(each, axis=0), found.projected, atol=1e-6)


def test_the_word_that_a_network_reads_is_what_bases_are_worth():
    """``.5 x regulator`` where AGGGG is: each of its bases has a fifth of the slope of its filter, nothing else any."""
    made, block = word_times_regulator(), three_promoters([[2.0, 0.0], [-1.0, 0.0]])
    up, down = (
        attribute_promoters([made], block.part(torch.arange(3), torch.tensor([c])), Settings("mutagenesis")).projected
        for c in (0, 1)
    )
    assert (up[0].sum(0)[5:10] > 0.5).all() and (down[0].sum(0)[5:10] < -0.25).all()
    assert not up[0].sum(0)[:5].any() and not up[0].sum(0)[10:].any() and not up[1:].any()


def test_several_seeds_are_averaged(block):
    made = [network(DESIGNS["tensor_product"], seed) for seed in range(2)]
    both = attribute_promoters(made, block, Settings())
    single = [attribute_promoters([each], block, Settings()).projected for each in made]
    np.testing.assert_allclose(both.projected, np.mean(single, axis=0), atol=1e-6)
    assert both.spread is not None


def test_counts_of_words_have_no_gradient(block):
    made = TwoTowers(design_of("factors"), length=LENGTH, regulators=REGULATORS, genes=GENES)
    with pytest.raises(UserError, match="counts words in promoters"):
        attribute_promoters([made], block, Settings())


WORD = "GATTACA"


@pytest.mark.slow
def test_a_planted_motif_is_found_in_the_filters_and_in_the_bases(rng):
    """Genes with GATTACA follow the first regulator, the others go against it."""
    n = 200
    tokens = rng.integers(0, 4, (n, 40)).astype(np.uint8)
    tokens[::2, 10:17] = encode(WORD)
    regulators = rng.normal(size=(9, 4)).astype(np.float32)
    labels = np.where(np.arange(n) % 2, -1, 1)[:, None] * regulators[:, 0][None].astype(np.float32)
    own, genes = np.full(n, -1), np.arange(n)
    simulated = Block(*map(torch.from_numpy, (tokens, regulators, own, genes, labels.astype(np.float32))))
    design = Design(promoter_options={"filters": (8,), "widths": (9,)}, hidden=(16,), dropouts=(0.0,))
    torch.manual_seed(0)
    made = TwoTowers(design, length=40, regulators=4, genes=n)
    adam = OptimiserPlan("adam", 1e-2, 0.0, decay="constant", warmup=0.0)
    fitted = fit_towers(made, simulated, simulated, Plan(adam, epochs=30, patience=30, genes=16), torch.device("cpu"))
    assert fitted.error < 0.1 * float(simulated.labels.square().mean())

    up = int(regulators[:, 0].argmax())
    under = simulated.part(torch.arange(n), torch.tensor([up]))
    worth = attribute_promoters([made], under, Settings("mutagenesis")).projected.sum(1)[::2]
    assert worth[:, 10:17].mean() > 10 * np.abs(np.delete(worth, slice(10, 17), axis=1)).mean()

    planted, other = (
        Motif(name, name, np.eye(4)[encode(word)].T * 0.97 + 0.0075, 100.0)
        for name, word in (("planted", WORD), ("other", "CGCGTTCC"))
    )
    alone = PromotersAlone(made, under.regulators)
    found = filter_motifs({0: alone}, windows_in_memory(tokens), [planted, other], rule="top", silenced_on=50)
    strongest = found.table.iloc[0]
    assert strongest["match"] == "planted" and strongest["p"] < 1e-3
    assert "TTAC" in decode(consensus(found.motifs[0])), "a part of it, wherever in the filter it lies"


def test_what_all_promoters_share_at_a_position_is_taken_off(rng):
    """A pattern along positions goes, a motif of one gene stays, but for what it gave to the mean."""
    worth = np.zeros((50, 4, 30), np.float32)
    pattern = rng.normal(size=30).astype(np.float32)
    worth[:, 0] = pattern
    worth[7, 0, 12] += 1.0
    found = by_position(worth)
    expected = pattern.astype(float) + np.eye(30)[12] / 50
    np.testing.assert_allclose(found.mean, expected, atol=1e-6)
    np.testing.assert_allclose(found.left.mean(axis=0), 0, atol=1e-6)
    assert found.left[7, 12] == pytest.approx(1 - 1 / 50, abs=1e-5)
