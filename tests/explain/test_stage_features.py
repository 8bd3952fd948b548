"""Features of a stage: those of a forward pass by hand, pooled by the rule; of both strands where both are read."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cislearn.errors import UserError
from cislearn.explain.stage_features import last_of_encoder, stage_features, stage_names
from cislearn.explain.windows import windows_in_memory
from cislearn.models.equivariance import check_equivariance
from cislearn.models.strands import BothStrands, other_strand
from cislearn.prediction.predictor import NetworkPredictor
from cislearn.sequence.strand import reverse_complement
from tests.explain.conftest import network_of, spec_of

POOLED = {"mean": lambda x: x.mean(2), "max": lambda x: x.amax(2)}


@pytest.mark.parametrize("pool", ["mean", "max"])
@pytest.mark.parametrize("tracks", [0, 2])
def test_features_are_those_of_a_forward_pass_by_hand(tokens, pool, tracks):
    network = network_of("motif_cnn", spec_of(tracks=tracks), motifs=6, pairs=5)
    signals = np.random.default_rng(1).random((4, tracks, 101)).astype(np.float32) if tracks else None
    given = None if signals is None else torch.from_numpy(signals)
    with torch.inference_mode():
        by_hand = network.encoder.stages[1](network.encoder.stages[0](network.embed(torch.from_numpy(tokens), given)))
        expected = POOLED[pool](by_hand) if by_hand.dim() > 2 else by_hand
    found = stage_features(network, windows_in_memory(tokens, signals), "encoder.stages.1", pool=pool)
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4, atol=1e-5)


def test_what_the_head_reads_are_the_features_by_which_domains_are_compared(tokens):
    network = network_of("wide", spec_of())
    found = stage_features(network, windows_in_memory(tokens), last_of_encoder(network))
    np.testing.assert_allclose(found, NetworkPredictor(network).features(tokens), rtol=1e-4, atol=1e-5)


def test_the_last_stage_makes_logits(tokens):
    network = network_of("dann_tf", spec_of())
    found = stage_features(network, windows_in_memory(tokens), stage_names(network)[-1])
    np.testing.assert_allclose(found, NetworkPredictor(network).predict(tokens), rtol=1e-4, atol=1e-5)


def test_both_strands_are_averaged_each_pooled_first(tokens):
    """trap 1: the reverse complement turns bases and positions."""
    network = network_of("motif_cnn", spec_of(), motifs=6, pairs=5)
    x = network.embed(torch.from_numpy(tokens))
    with torch.inference_mode():
        strands = [network.encoder.stages[0](each).amax(2) for each in (x, other_strand(x, network.spec))]
    windows = windows_in_memory(tokens)
    found = stage_features(BothStrands(network), windows, "encoder.stages.0", pool="max")
    np.testing.assert_allclose(found, torch.stack(strands).mean(0).numpy(), rtol=1e-4, atol=1e-5)
    turned = reverse_complement(tokens)
    again = stage_features(BothStrands(network), windows_in_memory(turned), "encoder.stages.0", pool="max")
    np.testing.assert_allclose(again, found, rtol=1e-4, atol=1e-5)
    alone = stage_features(network, windows, "encoder.stages.0", pool="max")
    assert not np.allclose(alone, found, atol=1e-3)


def test_of_tied_filters_the_features_do_not_know_the_strand(tokens):
    network = network_of("motif_cnn", spec_of(), layers={"name": "equivariant"}, motifs=6, pairs=5)
    check_equivariance(network)
    turned = reverse_complement(tokens)
    one, other = (stage_features(network, windows_in_memory(t), "encoder.stages.0") for t in (tokens, turned))
    np.testing.assert_allclose(other, one[:, ::-1], rtol=1e-4, atol=1e-5)


def test_the_model_stays_as_it_is(tokens):
    network = network_of("motif_cnn", spec_of()).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    stage_features(network, windows_in_memory(tokens), "encoder.stages.0")
    assert network.training and not any(module._forward_hooks for module in network.modules())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_an_unknown_stage_is_refused_with_those_that_there_are(tokens):
    network = network_of("motif_cnn", spec_of())
    with pytest.raises(UserError, match=r"no stage 'conv2'\s+Known: encoder\.stages\.0, .*head\.0\."):
        stage_features(network, windows_in_memory(tokens), "conv2")
