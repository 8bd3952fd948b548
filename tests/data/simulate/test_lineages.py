"""Regions of many cell types: class sizes, what lineages share, and what can be known of a label at best."""

from __future__ import annotations

import numpy as np
import pytest

from cislearn.data.simulate import simulate_lineages
from cislearn.data.simulate.lineages import (
    ACTIVE,
    N_LINEAGES,
    OWN,
    PREVALENCES,
    SHARED,
    choose_motifs,
    draw_lineages,
    lineage_of,
    lineages_oracle,
    prevalences,
)
from cislearn.errors import UserError
from cislearn.evaluation.metrics import auroc

TASKS, N = 8, 3000


@pytest.fixture(scope="module")
def simulated():
    return simulate_lineages(tasks=TASKS, length=400, n_train=N - 200, n_valid=100, n_test=100, seed=2)


@pytest.fixture(scope="module")
def drawn():
    return draw_lineages(200_000, prevalences(TASKS), np.random.default_rng(0))


def test_classes_have_their_sizes_and_cell_types_of_one_lineage_are_open_together(drawn):
    expected = prevalences(TASKS)
    assert (expected[0], expected[-1]) == pytest.approx(PREVALENCES)
    np.testing.assert_allclose(drawn.labels.mean(axis=0), expected, rtol=0.06)
    same, other = drawn.labels[:, 3] & drawn.labels[:, 7], drawn.labels[:, 6] & drawn.labels[:, 7]
    assert lineage_of(TASKS)[3] == lineage_of(TASKS)[7] != lineage_of(TASKS)[6]
    np.testing.assert_allclose(same.mean(), expected[3] * expected[7] / ACTIVE, rtol=0.1)
    np.testing.assert_allclose(other.mean(), expected[6] * expected[7], rtol=0.1)


def test_the_oracle_is_the_posterior_of_one_cell_type_and_its_lineage(drawn):
    """Among regions that it gives the same odds, that share is open; a reader of its own motifs alone knows less."""
    t = TASKS - 1
    logits = lineages_oracle(drawn, prevalences(TASKS))[:, t]
    chance = 1 / (1 + np.exp(-logits))
    for low, high in ((0.0, 0.1), (0.2, 0.5), (0.5, 0.8), (0.8, 1.0)):
        mine = (chance >= low) & (chance < high)
        assert abs(drawn.labels[mine, t].mean() - chance[mine].mean()) < 0.02
    own = drawn.own[:, OWN * t : OWN * (t + 1)].sum(axis=1).astype(float)
    labels = drawn.labels[:, t].astype(float)
    assert auroc(labels, logits) > auroc(labels, own) + 0.02


def test_the_motifs_that_were_drawn_are_those_that_stand_in_the_windows(simulated):
    drawn = draw_lineages(N, prevalences(TASKS), np.random.default_rng([2, TASKS]))
    assert (simulated.labels == drawn.labels).all()
    motifs = choose_motifs(N_LINEAGES * SHARED + TASKS * OWN)
    assert len({motif.name for motif in motifs}) == len(motifs)
    there = np.concatenate([drawn.shared, drawn.own], axis=1)
    found = np.zeros_like(there)
    number = {motif.name: k for k, motif in enumerate(motifs)}
    found[simulated.truth["row"], simulated.truth["motif"].map(number)] = True
    assert not (found & ~there).any() and found.sum() > 0.99 * there.sum()
    assert simulated.loci["part"].value_counts().to_dict() == {"train": N - 200, "valid": 100, "test": 100}


@pytest.mark.parametrize("bad", [{"length": 200}, {"tasks": 3}, {"n_test": 0}, {"seed": -1}])
def test_numbers_out_of_range_are_refused(bad):
    with pytest.raises(UserError):
        simulate_lineages(**bad)
