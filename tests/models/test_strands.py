from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch
from scipy.special import expit, log_softmax, logit, softmax
from torch import nn

import cislearn as cl
from cislearn.errors import UserError
from cislearn.models.network import build_network
from cislearn.models.saving import for_prediction
from cislearn.models.strands import BothStrands, Ensemble, joined, strand_logits, turned_back
from cislearn.prediction.predictor import NetworkPredictor
from cislearn.schema import DataSpec, StrandReading, TaskSpec
from cislearn.sequence.strand import reverse_complement
from tests.models.conftest import one_hot_windows


@pytest.mark.parametrize("length", [101, 64])
@pytest.mark.parametrize("encoder", ["motif_cnn", "dann_tf"])
def test_both_strands_get_the_same_logits(encoder, length):
    """trap 1: in the order ACGT a flip of both axes is the reverse complement."""
    network = build_network(encoder, DataSpec((TaskSpec("bound"),), (), length)).double().eval()
    model = BothStrands(network)
    tokens = torch.randint(0, 5, (4, length), dtype=torch.uint8)
    other = torch.from_numpy(reverse_complement(tokens.numpy()))
    one, two = (model(model.embed(t).double()) for t in (tokens, other))
    torch.testing.assert_close(one, two, rtol=0, atol=1e-6)
    forward, backward = (network(network.embed(t).double()) for t in (tokens, other))
    assert not torch.allclose(forward, backward, atol=1e-6)
    torch.testing.assert_close(one, (forward + backward) / 2)


def test_prediction_averages_strands_only_where_told(bound):
    network = build_network("motif_cnn", bound)
    assert for_prediction(network, "forward") is network
    for reading in ("average", "average_probabilities", "maximum"):
        model = for_prediction(network, reading)
        assert isinstance(model, BothStrands) and model.reading == reading


@pytest.mark.parametrize("is_training", [True, False])
def test_predicting_on_both_strands_leaves_the_mode_of_the_network(bound, is_training):
    network = build_network("motif_cnn", bound).train(is_training)
    NetworkPredictor(for_prediction(network, "average")).predict(np.zeros((2, 101), dtype=np.uint8))
    assert all(module.training == is_training for module in network.modules())


@pytest.mark.parametrize("n", [1, 3])
def test_an_ensemble_is_the_mean_of_its_members_logits(bound, n):
    members: list[nn.Module] = [BothStrands(build_network("motif_cnn", bound)).eval() for _ in range(n)]
    model = Ensemble(members).eval()
    x = one_hot_windows(5, 101)
    torch.testing.assert_close(model(x), torch.stack([member(x) for member in members]).mean(0))
    assert model.spec == bound
    tokens = torch.randint(0, 5, (2, 101), dtype=torch.uint8)
    torch.testing.assert_close(model.embed(tokens), members[0].embed(tokens))


def test_a_profile_is_turned_back_with_its_strands_swapped():
    """trap 3: the other strand of a stranded profile is its reverse with the two strands exchanged."""
    spec = DataSpec((TaskSpec("starts", "profile", 2, 3, rc="flip_and_permute"), TaskSpec("bound")), (), 8)
    logits = torch.tensor([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 10.0, 20.0, 7.0]])
    back = turned_back(logits, spec)
    assert back.tolist() == [[6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 20.0, 10.0, 7.0]]
    torch.testing.assert_close(turned_back(back, spec), logits)


def test_the_mean_of_probabilities_comes_as_logits(mixed):
    """Against probabilities averaged in the open: binary, three classes, and a value that is averaged as it is."""
    one, other = (torch.randn(50, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(n)) for n in (0, 1))
    found = joined(one, other, "average_probabilities", mixed.tasks).numpy()
    a, b = one.numpy(), other.numpy()
    np.testing.assert_allclose(found[:, 0], logit((expit(a[:, 0]) + expit(b[:, 0])) / 2))
    classes = (softmax(a[:, 1:4], axis=1) + softmax(b[:, 1:4], axis=1)) / 2
    np.testing.assert_allclose(softmax(found[:, 1:4], axis=1), classes)
    np.testing.assert_allclose(log_softmax(found[:, 1:4], axis=1), found[:, 1:4], atol=1e-12)
    np.testing.assert_allclose(found[:, 4], (a[:, 4] + b[:, 4]) / 2)


def test_probabilities_that_round_to_one_are_still_told_apart(bound):
    one, other = torch.tensor([[40.0], [-200.0], [30.0]]), torch.tensor([[42.0], [-200.0], [-30.0]])
    found = joined(one, other, "average_probabilities", bound.tasks)[:, 0]
    expected = [-np.log((np.exp(-40.0) + np.exp(-42.0)) / 2), -200.0, 0.0]
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float32), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("reading", ["average", "average_probabilities", "maximum"])
def test_no_reading_of_both_depends_on_which_strand_is_given(mixed, reading):
    model, x = BothStrands(build_network("motif_cnn", mixed).eval(), reading), one_hot_windows(4, 48)
    torch.testing.assert_close(model(x), model(x.flip(1, 2)))
    one, other = strand_logits(model, x).unbind(1)
    torch.testing.assert_close(joined(other, one, reading, mixed.tasks), model(x))


@pytest.mark.parametrize("reading", get_args(StrandReading))
def test_strands_that_agree_are_read_as_either(mixed, reading):
    logits = torch.randn(6, 5)
    found = joined(logits, logits, reading, mixed.tasks)
    columns = [logits[:, :1], logits[:, 1:4] - logits[:, 1:4].logsumexp(1, keepdim=True), logits[:, 4:]]
    torch.testing.assert_close(found, torch.cat(columns, 1) if reading == "average_probabilities" else logits)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("reading", ["average", "average_probabilities", "maximum"])
def test_any_module_can_read_both_strands(reading, kind):
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Flatten(), nn.Linear(4 * 20, 3)).eval()
    model, x = cl.both_strands(plain, reading, kind=kind), one_hot_windows(6, 20)
    tasks = {"multiclass": (TaskSpec("t", "multiclass", 3),)}.get(kind, tuple(TaskSpec(c, kind) for c in "abc"))
    torch.testing.assert_close(model(x), joined(plain(x), plain(x.flip(1, 2)), reading, tasks))
    torch.testing.assert_close(model(x), model(x.flip(1, 2)))
    assert not model.training and [*model.parameters()] == [*plain.parameters()]


def test_a_base_order_that_is_no_mirror_of_itself_is_no_reverse_complement():
    """trap 1: in the order ACTG both axes flipped pair A with G; in AGCT they pair as they should."""
    tokens = np.random.default_rng(0).integers(0, 4, (5, 20)).astype(np.uint8)

    def windows(order: str, bases: np.ndarray) -> torch.Tensor:
        letters = np.array(list("ACGT"))[bases]
        return torch.from_numpy((letters[:, None, :] == np.array(list(order))[None, :, None]).astype(np.float32))

    for order, is_right in (("ACGT", True), ("AGCT", True), ("ACTG", False), ("ATCG", False)):
        flipped = windows(order, tokens).flip(1, 2)
        assert torch.equal(flipped, windows(order, reverse_complement(tokens))) == is_right
        if is_right:
            cl.both_strands(nn.Flatten(), bases=order)
        else:
            with pytest.raises(UserError, match=f"in the order {order} a flip of both axes is no reverse complement"):
                cl.both_strands(nn.Flatten(), bases=order)
    for order in ("ACGU", "ACG", ""):
        with pytest.raises(UserError, match="no reverse complement"):
            cl.both_strands(nn.Flatten(), bases=order)


def test_a_profile_of_cuts_is_moved_as_it_is_turned_back_and_its_lost_end_is_its_neighbours():
    """trap 3: what lies between bases 1 and 2 of 4 lies between 2 and 3 of the other strand."""
    spec = DataSpec((TaskSpec("cuts", "profile", 1, 4, rc="flip_and_shift"),), (), 8)
    other = torch.tensor([[0.1, 1.0, 2.0, 3.0, 9.0]])
    assert turned_back(other, spec).tolist() == [[3.0, 3.0, 2.0, 1.0, 9.0]]


def test_both_strands_of_a_profile_are_averaged_and_a_turned_window_has_the_turned_answer():
    """trap 3, end to end: R f(R x) is averaged with f(x), so the mean of R x is the mean of x, turned."""
    spec = DataSpec((TaskSpec("p", "profile", 2, 40, rc="flip_and_permute"),), (), 62)
    options = {"filters": 4, "motif_width": 5, "dilated": 2, "profile_width": 7}
    network = build_network("bpnet", spec, options).double().eval()
    model = BothStrands(network)
    x = one_hot_windows(3, 62).double()
    here, there = model(x), model(x.flip(1, 2))
    torch.testing.assert_close(turned_back(there, spec), here)
    assert not torch.allclose(network(x), here)
