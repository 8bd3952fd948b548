from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from cislearn.models.conjoined import Conjoined
from cislearn.models.network import build_network
from cislearn.models.strands import BothStrands
from cislearn.prediction.members import Members
from cislearn.prediction.predictor import ON_ACCELERATOR, NetworkPredictor, windows_at_once
from cislearn.schema import DataSpec, TaskSpec

SPEC = DataSpec((TaskSpec("a"), TaskSpec("b", "multiclass", 3)), (), 40)


def networks(n: int, average: bool) -> list[nn.Module]:
    torch.manual_seed(0)
    made = [build_network("motif_cnn", SPEC, {"motifs": 4, "pairs": 4, "features": 5}).eval() for _ in range(n)]
    return [BothStrands(network) for network in made] if average else list(made)


def tokens_of(n: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 5, (n, 40)).astype(np.uint8)


@pytest.mark.parametrize("batch_size", [None, 1, 4, 100])
@pytest.mark.parametrize("gaps", [True, False])
@pytest.mark.parametrize("average", [True, False])
@pytest.mark.parametrize("n_members", [1, 3])
def test_members_say_what_each_says_alone(n_members, average, gaps, batch_size):
    members, tokens = networks(n_members, average), tokens_of(9)
    said = Members(members, gaps=gaps, batch_size=batch_size)(tokens)
    alone = [NetworkPredictor(member, batch_size=9) for member in members]
    expected = np.stack([predictor.predict(tokens) for predictor in alone], axis=1)
    assert said.logits.dtype == np.float32
    np.testing.assert_allclose(said.logits, expected, rtol=0, atol=1e-6)
    if not (gaps or average):
        assert said.gaps is None
        return
    strands = np.stack([predictor.strands(tokens) for predictor in alone])
    np.testing.assert_allclose(said.gaps, (strands[:, :, 0] - strands[:, :, 1]).mean(0), rtol=0, atol=1e-6)


@pytest.mark.parametrize("reading", ["average_probabilities", "maximum"])
def test_members_join_strands_as_each_does(reading):
    members: list[nn.Module] = [BothStrands(network, reading) for network in networks(2, average=False)]
    members.append(Conjoined(networks(1, average=False)[0], "maximum").eval())
    tokens = tokens_of(7)
    said = Members(members, batch_size=3)(tokens)
    expected = np.stack([NetworkPredictor(member).predict(tokens) for member in members], axis=1)
    np.testing.assert_allclose(said.logits, expected, rtol=0, atol=1e-6)
    assert said.gaps is not None and np.abs(said.gaps).max() > 0


def test_members_that_read_strands_differently():
    members = [*networks(1, average=True), *networks(1, average=False)]
    tokens = tokens_of(5)
    plain, told = (Members(members, gaps=gaps)(tokens) for gaps in (False, True))
    assert plain.gaps is None and told.gaps is not None
    np.testing.assert_allclose(plain.logits, told.logits, rtol=0, atol=1e-6)


def test_no_window_at_all_says_nothing():
    said = Members(networks(2, average=True))(tokens_of(0))
    assert said.logits.shape == (0, 2, 4) and said.gaps is not None and said.gaps.shape == (0, 4)


def test_members_stay_as_they_are():
    (member,) = networks(1, average=True)
    member.train()
    Members([member])(tokens_of(2))
    assert member.training and next(member.parameters()).requires_grad


def test_batches_fit_the_cache_of_each_core():
    one = windows_at_once(101, torch.device("cpu"))
    assert one == 16_384 * torch.get_num_threads() // 101
    assert windows_at_once(10**9, torch.device("cpu")) == 1
    assert windows_at_once(101, torch.device("cuda")) == ON_ACCELERATOR
