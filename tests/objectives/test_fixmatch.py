from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cislearn.errors import UserError
from cislearn.objectives.fixmatch import ClassShares
from cislearn.schema import DataSpec, TaskSpec
from tests.objectives.conftest import LENGTH, batch_of, network
from tests.objectives.learning import gradients, ready

TWO = DataSpec((TaskSpec("rare"), TaskSpec("kind", "multiclass", channels=3)), ("a", "b"), LENGTH)


def batch(n_tasks=1, unlabelled=40):
    found = batch_of(6, unlabelled, n_tasks=n_tasks)
    return replace(found, second=replace(found, tokens=found.tokens.flip(1)))


def test_the_loss_against_a_loop_over_tasks_and_rows():
    """A threshold a task; a sure negative counts as a sure positive does; the mean is over all rows, sure or not."""
    model, found = network(TWO, seed=3), batch(2)
    objective = ready("fixmatch", model, TWO, confidence={"rare": 0.55, "kind": 0.4}, hidden=0.0, weight=2.0)
    loss = objective.losses(model, found, 0.0)["pseudo"]
    strong, weak = (model(model.embed(view.tokens[6:])).detach() for view in (found, found.second))
    total, named, kinds = 0.0, {0: 0, 1: 0}, 0
    for s, w in zip(strong, weak, strict=True):
        p, q = torch.sigmoid(s[0]), torch.sigmoid(w[0])
        if max(q, 1 - q) >= 0.55:
            total -= torch.log(p if q > 0.5 else 1 - p)
            named[int(q > 0.5)] += 1
        classes = w[1:].softmax(0)
        if classes.max() >= 0.4:
            total -= s[1:].log_softmax(0)[classes.argmax()]
            kinds += 1
    torch.testing.assert_close(loss, 2.0 * total / 40 / 2)
    assert min(named.values()) > 0 and sum(named.values()) < 40 and 0 < kinds < 40
    expected = (sum(named.values()) + kinds) / 80
    assert float(objective.health()["confident_share"]) == pytest.approx(expected)


def test_a_task_that_is_not_named_has_the_usual_confidence():
    objective = ready("fixmatch", network(TWO), TWO, confidence={"rare": 0.5})
    assert objective._sure(torch.tensor([0.94, 0.96]), 1).tolist() == [False, True]
    assert objective._sure(torch.tensor([0.49, 0.51]), 0).tolist() == [False, True]


def test_the_weak_view_teaches_and_is_not_taught(spec):
    """No gradient goes to it: as if its answers were known beforehand."""
    model, found = network(spec), batch()
    objective = ready("fixmatch", model, spec, confidence=0.0, hidden=0.0)
    weak = model(model.embed(found.second.tokens[6:])).detach()[:, 0] > 0
    strong = model(model.embed(found.tokens[6:]))[:, 0]
    expected = torch.nn.functional.binary_cross_entropy_with_logits(strong, weak.float())
    pseudo = objective.losses(model, found, 0.0)["pseudo"]
    for one, other in zip(gradients(pseudo, model), gradients(expected, model), strict=True):
        torch.testing.assert_close(one, other)


def test_bases_are_hidden_from_the_strong_view_alone(spec):
    model, found, seen = network(spec), batch(), []
    model.one_hot.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    ready("fixmatch", model, spec, hidden=0.5).losses(model, found, 0.0)
    (tokens,) = seen
    assert torch.equal(tokens[:6], found.tokens[:6]) and torch.equal(tokens[46:], found.second.tokens[6:])
    changed = tokens[6:46] != found.tokens[6:]
    assert (tokens[6:46][changed] == 4).all() and 0.3 < changed.float().mean() < 0.6


def test_statistics_are_those_of_labelled_rows_and_both_views(spec):
    """One pass, counted once."""
    model, found = network(spec, norm=True), batch()
    norm = model.encoder.stages[1].norm
    rows = torch.cat([found.tokens, found.second.tokens[6:]])
    z = model.encoder.stages[1].linear(model.embed(rows).flatten(1))
    ready("fixmatch", model, spec, hidden=0.0).losses(model, found, 0.0)
    torch.testing.assert_close(norm.running_mean, 0.1 * z.mean(0))
    assert norm.num_batches_tracked == 1


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 4), st.integers(0, 9))
def test_aligned_predictions_sum_to_one_and_keep_their_order_where_shares_are_alike(n_classes, seed):
    shares = ClassShares(n_classes)
    probabilities = torch.randn(7, n_classes, generator=torch.Generator().manual_seed(seed)).softmax(1)
    torch.testing.assert_close(shares.align(probabilities), probabilities)
    shares.labelled.copy_(torch.tensor(np.random.default_rng(seed).dirichlet(np.ones(n_classes))))
    aligned = shares.align(probabilities)
    torch.testing.assert_close(aligned.sum(1), torch.ones(7))
    expected = probabilities * shares.labelled
    torch.testing.assert_close(aligned, expected / expected.sum(1, keepdim=True))


def test_alignment_brings_predictions_to_the_share_of_the_labels():
    """A network that says positive of half of the windows, labels of which a tenth are: fewer are called positive."""
    shares = ClassShares(2, decay=0.5)
    said = torch.tensor([[0.4, 0.6], [0.6, 0.4]])
    for _ in range(30):
        shares.follow(torch.tensor([1.0] + [0.0] * 9 + [torch.nan]), said)
    torch.testing.assert_close(shares.labelled, torch.tensor([0.9, 0.1]))
    torch.testing.assert_close(shares.predicted, torch.tensor([0.5, 0.5]))
    assert (shares.align(said)[:, 1] < 0.15).all()


def test_the_averages_of_alignment_are_state(spec):
    """trap 16: with the state of a killed run the next step is the same."""
    model = network(spec)
    objective = ready("fixmatch", model, spec, align=True, confidence=0.5)
    for _ in range(3):
        objective.losses(model, batch(), 0.0)
    resumed = ready("fixmatch", model, spec, align=True, confidence=0.5)
    resumed.load_state_dict(copy.deepcopy(objective.state_dict()))
    found = []
    for each in (objective, resumed):
        torch.manual_seed(3)
        found.append(each.losses(model, batch(), 0.5)["pseudo"])
    assert found[0] == found[1] and not torch.equal(objective.shares[0].labelled, torch.tensor([0.5, 0.5]))


def test_a_piece_without_rows_that_have_no_label_teaches_its_labels_alone(spec):
    objective = ready("fixmatch", network(spec), spec, align=True)
    objective.losses(network(spec), batch(), 0.0)
    before = objective.shares[0].labelled.clone()
    losses = objective.losses(network(spec), batch(unlabelled=0), 0.0)
    assert losses["pseudo"] == 0 and losses["task"].isfinite() and torch.equal(objective.shares[0].labelled, before)


def test_alignment_reads_no_label_that_may_not_be_seen(spec):
    """trap 18: poisoned labels of the rows without one."""
    model, found = network(spec), []
    for value in (torch.nan, 1.0):
        poisoned = batch()
        poisoned.labels[6:] = value
        objective = ready("fixmatch", model, spec, align=True)
        objective.losses(model, poisoned, 0.0)
        found.append(objective.shares[0].labelled)
    assert torch.equal(*found)


def test_no_or_one_sided_pseudo_labels_are_told_in_words(spec):
    objective = ready("fixmatch", network(spec), spec)
    assert objective.concerns([{"confident_share": 0.4, "pseudo_largest_class": 0.97}]) == []
    (never,) = objective.concerns([{"confident_share": 0.0, "pseudo_largest_class": 0.0}])
    (one,) = objective.concerns([{"confident_share": 0.4, "pseudo_largest_class": 1.0}])
    assert "never sure" in never and "largest class" in one


def test_a_confidence_for_an_unknown_task_is_refused(spec):
    with pytest.raises(UserError, match=r"confidence names task 'bond'; did you mean bound\?"):
        ready("fixmatch", network(spec), spec, confidence={"bond": 0.9})
