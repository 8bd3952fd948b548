from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from cislearn.models.network import build_network
from cislearn.models.saving import for_prediction
from cislearn.models.strands import Ensemble, StrandAverage, turned_back
from cislearn.prediction.predictor import NetworkPredictor
from cislearn.schema import DataSpec, TaskSpec
from cislearn.sequence.strand import reverse_complement
from tests.models.conftest import one_hot_windows


@pytest.mark.parametrize("length", [101, 64])
@pytest.mark.parametrize("encoder", ["motif_cnn", "dann_tf"])
def test_both_strands_get_the_same_logits(encoder, length):
    """trap 1: in the order ACGT a flip of both axes is the reverse complement."""
    network = build_network(encoder, DataSpec((TaskSpec("bound"),), (), length)).double().eval()
    model = StrandAverage(network)
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
    assert isinstance(for_prediction(network, "average"), StrandAverage)


@pytest.mark.parametrize("is_training", [True, False])
def test_predicting_on_both_strands_leaves_the_mode_of_the_network(bound, is_training):
    network = build_network("motif_cnn", bound).train(is_training)
    NetworkPredictor(for_prediction(network, "average")).predict(np.zeros((2, 101), dtype=np.uint8))
    assert all(module.training == is_training for module in network.modules())


@pytest.mark.parametrize("n", [1, 3])
def test_an_ensemble_is_the_mean_of_its_members_logits(bound, n):
    members: list[nn.Module] = [StrandAverage(build_network("motif_cnn", bound)).eval() for _ in range(n)]
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
    model = StrandAverage(network)
    x = one_hot_windows(3, 62).double()
    here, there = model(x), model(x.flip(1, 2))
    torch.testing.assert_close(turned_back(there, spec), here)
    assert not torch.allclose(network(x), here)
