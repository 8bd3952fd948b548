"""Knock-outs of a network that is a formula: the word times the regulator."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cislearn.explain.expression.knock_out import KnockOut, knock_outs, knocked_out, predicted_changes
from cislearn.motifs.sites import covered, site_starts, word_pattern
from tests.explain.expression.networks import WORD, three_promoters, word_times_regulator

CPU = torch.device("cpu")


def sites_of(block):
    tokens = block.tokens.numpy()
    return covered(site_starts(tokens, word_pattern(WORD)), tokens.shape[1])


def changes(block, what, places=(0,)):
    return np.stack(list(predicted_changes(word_times_regulator(), block, what, sites_of(block), places, CPU)))


def test_what_is_knocked_out_one_after_the_other():
    motif, zero, both = KnockOut(True, None), KnockOut(False, 0.0), KnockOut(True, 0.0)
    assert knock_outs([0.0], has_motif=True, has_regulators=True) == [motif, zero, both]
    assert knock_outs([0.0, -5.0], has_motif=False, has_regulators=True) == [zero, KnockOut(False, -5.0)]
    assert knock_outs([0.0, -5.0], has_motif=True, has_regulators=False) == [motif]


def test_changes_are_those_of_the_formula():
    block = three_promoters([[2.0, 7.0], [-1.0, 7.0]])
    what = [KnockOut(True, None), KnockOut(False, 0.0), KnockOut(False, -5.0), KnockOut(True, -5.0)]
    found = changes(block, what)
    gone = [-0.5 * 2.0, -0.5 * -1.0]
    lower = [0.5 * (-5.0 - 2.0), 0.5 * (-5.0 + 1.0)]
    np.testing.assert_allclose(found[:, 0], [gone, gone, lower, gone], atol=1e-6)
    assert (found[:, 1:] == 0).all(), "a promoter without the word does not hear the regulator"


def test_a_regulator_that_says_nothing_changes_nothing():
    assert (changes(three_promoters([[2.0, 7.0]]), [KnockOut(False, -5.0)], places=(1,)) == 0).all()


def test_a_gene_goes_on_not_to_see_itself():
    found = changes(three_promoters([[2.0, 7.0]], own=[0, -1, -1]), [KnockOut(False, -5.0)])
    assert (found == 0).all()


def test_both_strands_are_masked_and_the_block_itself_stays_as_it_is():
    block = three_promoters([[2.0, 7.0]])
    tokens, regulators = block.tokens.clone(), block.regulators.clone()
    after = knocked_out(block, KnockOut(True, -5.0), sites_of(block), (0,))
    assert (after.tokens[0, 5:10] == 4).all() and (after.tokens[1] == 4).sum() == 5
    assert (after.tokens[2] != 4).all()
    assert torch.equal(block.tokens, tokens) and torch.equal(block.regulators, regulators)


def test_the_other_strand_of_a_site_is_masked():
    block = three_promoters([[2.0, 7.0]])
    sites = covered(site_starts(block.tokens.numpy(), word_pattern("GGGGA")), 20)
    after = knocked_out(block, KnockOut(True, None), sites, ())
    assert (after.tokens[1] == 4).nonzero().flatten().tolist() == [7, 8, 9, 10, 11]


@pytest.mark.parametrize("level", [0.0, -5.0])
def test_a_level_stands_in_every_condition(level):
    block = three_promoters([[2.0, 7.0], [-1.0, 3.0]])
    after = knocked_out(block, KnockOut(False, level), sites_of(block), (1,))
    assert (after.regulators[:, 1] == level).all() and torch.equal(after.regulators[:, 0], block.regulators[:, 0])
