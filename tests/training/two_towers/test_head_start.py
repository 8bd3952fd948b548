"""The head start of our network is what two ridges say, whatever regulators a gene may see."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cislearn.baselines.expression import Inputs, RegulatorRidge
from cislearn.data.expression.blocks import Block
from cislearn.data.expression.regulators import Regulators
from cislearn.errors import UserError
from cislearn.models.two_towers import Design, TwoTowers
from cislearn.prediction.two_towers import predict_block
from cislearn.training.two_towers.head_start import OF_WORDS, begin_with_ridge

GENES, CONDITIONS, REGULATORS, LENGTH = 30, 10, 5, 50
DESIGN = Design(
    promoter="words_and_gene",
    promoter_options={"features": 12, "word": 2, "stretches": (40, 20)},
    regulators=(12,),
    regulators_linear=True,
    merge="product",
    hidden=(),
)
CPU = torch.device("cpu")


@pytest.fixture
def block(rng):
    own = np.full(GENES, -1)
    own[[3, 8, 27]] = [1, 4, 0]
    tokens = rng.integers(0, 5, (GENES, LENGTH)).astype(np.uint8)
    regulators = (1 + rng.normal(size=(CONDITIONS, REGULATORS))).astype(np.float32)
    labels = rng.normal(size=(GENES, CONDITIONS)).astype(np.float32)
    return Block(*map(torch.from_numpy, (tokens, regulators, own, np.arange(GENES), labels)))


def begun(block, seen, penalty=3.0):
    torch.manual_seed(0)
    network = TwoTowers(DESIGN, length=LENGTH, regulators=REGULATORS, genes=GENES)
    begin_with_ridge(network, seen, penalty)
    return network, predict_block(network, block, CPU)[..., 0].numpy()


def ridge_of_regulators(block, labels):
    regulators = Regulators(
        [], block.regulators.numpy().T, np.zeros((REGULATORS, CONDITIONS), dtype=bool), block.own.numpy()
    )
    (found,) = RegulatorRidge().complete(labels.astype(np.float64), Inputs(np.zeros((1, 1)), regulators), [(3.0,)])
    return found


def test_new_conditions_are_those_of_the_ridge_of_regulators(block):
    """Regulators among the genes do not see themselves in either, and their inputs are not centred."""
    old = np.broadcast_to(np.arange(CONDITIONS) < 7, (GENES, CONDITIONS))
    seen = block.seeing(block.labels.numpy(), old)
    np.testing.assert_allclose(begun(block, seen)[1], ridge_of_regulators(block, seen.labels.numpy()), atol=1e-4)


def test_new_genes_are_those_of_ridge_on_words(block):
    """Two steps written out: what the ridge of regulators says of genes seen, carried to new ones by their words."""
    old = np.arange(GENES) < 24
    seen = block.seeing(block.labels.numpy(), np.broadcast_to(old[:, None], (GENES, CONDITIONS)))
    network, found = begun(block, seen)
    # New regulators are masked too, which words know nothing of.
    new = np.flatnonzero(~old & (block.own.numpy() < 0))
    branch = network.promoters
    words = (branch.words(network.embed(block.tokens)) - branch.centre).numpy() * branch.scale.numpy()
    kernel = words @ words.T
    dual = np.linalg.inv(kernel[:24, :24] + OF_WORDS * np.eye(24))
    said = branch.linear.weight.detach().numpy() @ words[new].T + branch.linear.bias.detach().numpy()[:, None]
    whole = (branch.linear(torch.from_numpy(words)) + branch.vectors.weight[1:]).detach().numpy()[:24]
    middle = whole.mean(axis=0)
    np.testing.assert_allclose(said.T, middle + kernel[new][:, :24] @ dual @ (whole - middle), atol=1e-4)
    tower = network.regulators(block.regulators).detach().numpy()
    np.testing.assert_allclose(found[new], said.T @ tower.T, atol=1e-4)
    assert (kernel[:24, :24].diagonal().mean() - 1) < 1e-5


def test_labels_that_are_not_seen_change_nothing(block, rng):
    mask = rng.random((GENES, CONDITIONS)) < 0.7
    other = np.where(mask, block.labels.numpy(), 1e3).astype(np.float32)
    first, second = (begun(block, block.seeing(each, mask))[1] for each in (block.labels.numpy(), other))
    np.testing.assert_array_equal(first, second)


def test_there_must_be_room_for_the_conditions(block):
    design = DESIGN.__class__(**{**vars(DESIGN), "regulators": (6,), "promoter_options": {"features": 6, "word": 2}})
    network = TwoTowers(design, length=LENGTH, regulators=REGULATORS, genes=GENES)
    with pytest.raises(UserError, match="--network: 10 conditions to train on; this network has room for 5"):
        begin_with_ridge(network, block, 3.0)
