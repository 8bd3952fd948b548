"""Networks that read tracks beside the sequence: what goes in, what is turned, and who refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from cislearn.data.batch import Batch
from cislearn.data.views import reverse_complement
from cislearn.errors import UserError
from cislearn.models.inference import for_inference
from cislearn.models.network import build_network, output
from cislearn.models.saving import ModelCard, load_network, save_model
from cislearn.models.strands import BothStrands, Ensemble, other_strand
from cislearn.prediction.members import Members
from cislearn.prediction.predictor import NetworkPredictor
from cislearn.schema import DataSpec, InputSpec, TaskSpec

LENGTH = 32
RULES = ("flip", "flip_and_shift", "none", "flip_and_permute")
INPUTS = tuple(InputSpec(rule, "track", 2, rule) for rule in RULES)
ENCODERS = {"motif_cnn": {"motifs": 6, "pairs": 5}, "wide": {"detectors": 12, "channels": 8, "dilations": [1, 2]}}


def spec_of(*inputs: InputSpec) -> DataSpec:
    return DataSpec((TaskSpec("bound"),), ("a",), LENGTH, inputs=inputs)


def batch_of(n: int, spec: DataSpec, seed: int = 0) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    whole = torch.zeros(n, dtype=torch.int64)
    return Batch(
        torch.randint(0, 5, (n, LENGTH), generator=generator, dtype=torch.uint8), torch.zeros(n, 1), whole, whole,
        tracks=torch.rand((n, spec.channels - 4, LENGTH), generator=generator),
    )  # fmt: skip


def network_of(encoder: str, spec: DataSpec) -> nn.Module:
    torch.manual_seed(0)
    return build_network(encoder, spec, ENCODERS[encoder]).eval()


def test_an_input_has_four_bases_and_the_tracks_below_them():
    spec = spec_of(*INPUTS)
    batch = batch_of(3, spec)
    network = network_of("motif_cnn", spec)
    x = network.embed(batch.tokens, batch.tracks)
    assert x.shape == (3, 12, LENGTH)
    assert torch.equal(x[:, :4], network.one_hot(batch.tokens))
    assert torch.equal(x[:, 4:], batch.tracks)


def test_a_track_is_never_left_out_unawares():
    spec, plain = spec_of(INPUTS[0]), spec_of()
    batch = batch_of(2, spec)
    with pytest.raises(UserError, match=r"reads 2 channels of tracks.*has 0\n.*embed\(batch.tokens, batch.tracks\)"):
        network_of("motif_cnn", spec).embed(batch.tokens)
    with pytest.raises(UserError, match="reads 0 channels of tracks, and its input has 2"):
        network_of("motif_cnn", plain).embed(batch.tokens, batch.tracks)


def test_other_strand_is_that_of_the_views():
    """trap 3: each track by its own rule, as training turns it."""
    spec = spec_of(*INPUTS)
    batch = batch_of(5, spec)
    network = network_of("motif_cnn", spec)
    turned = reverse_complement(batch, spec)
    found = other_strand(network.embed(batch.tokens, batch.tracks), spec)
    assert torch.equal(found, network.embed(turned.tokens, turned.tracks))


@pytest.mark.parametrize("encoder", ENCODERS)
def test_both_strands_get_the_same_logits(encoder):
    """trap 1, with tracks: what is averaged is the window turned as a whole."""
    spec = spec_of(INPUTS[0], INPUTS[3])
    network, batch = network_of(encoder, spec), batch_of(4, spec)
    turned, model = reverse_complement(batch, spec), BothStrands(network)
    with torch.no_grad():
        one, two = (model(model.embed(b.tokens, b.tracks)) for b in (batch, turned))
        forward, backward = (network(network.embed(b.tokens, b.tracks)) for b in (batch, turned))
    torch.testing.assert_close(one, two)
    torch.testing.assert_close(one, (forward + backward) / 2)
    assert not torch.allclose(forward, backward, atol=1e-5)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_logits_depend_on_the_tracks_and_attributions_reach_them(encoder):
    spec = spec_of(*INPUTS)
    network, batch = network_of(encoder, spec), batch_of(4, spec)
    x = network.embed(batch.tokens, batch.tracks).requires_grad_()
    logit = output(network, "bound")(x)
    assert logit.shape == (4, 1)
    (gradient,) = torch.autograd.grad(logit.sum(), x)
    assert gradient.shape == (4, 12, LENGTH) and gradient[:, 4:].abs().amax(dim=(0, 2)).min() > 0


@pytest.mark.parametrize("encoder", ENCODERS)
def test_without_tracks_the_first_weights_are_what_they_were(encoder):
    """The motifs that `wide` begins with stand on the bases alone."""
    plain, tracked = network_of(encoder, spec_of()), network_of(encoder, spec_of(INPUTS[0]))
    shapes = {name: value.shape for name, value in plain.state_dict().items()}
    widened = {name for name, value in tracked.state_dict().items() if value.shape != shapes[name]}
    assert len(widened) == 1 and tracked.state_dict()[widened.pop()].shape[1] == 6


def test_known_motifs_stand_on_the_bases_alone():
    torch.manual_seed(0)
    noise = build_network("wide", spec_of(INPUTS[0]), ENCODERS["wide"] | {"known": 0.0})
    torch.manual_seed(0)
    known = build_network("wide", spec_of(INPUTS[0]), ENCODERS["wide"] | {"known": 1.0})
    before, after = (next(network.encoder.stages[0].parameters()) for network in (noise, known))
    assert torch.equal(before[:, 4:], after[:, 4:])
    assert (before[:, :4] != after[:, :4]).flatten(1).any(1).all()


def test_an_encoder_of_sequence_alone_refuses_with_the_reason():
    with pytest.raises(UserError, match=r"dann_tf reads sequence alone, and the dataset has tracks \(flip\)") as error:
        build_network("dann_tf", spec_of(INPUTS[0]))
    assert "data.tracks: false" in str(error.value)
    build_network("dann_tf", replace(spec_of(), length=101))
    with pytest.raises(UserError, match="no option 'in_channels'"):
        build_network("motif_cnn", spec_of(), {"in_channels": 7})


@pytest.mark.parametrize("encoder", ENCODERS)
def test_a_saved_network_reads_the_same_tracks(encoder, tmp_path):
    spec = spec_of(*INPUTS)
    network, batch = network_of(encoder, spec), batch_of(3, spec)
    save_model(tmp_path, network, ModelCard(encoder, spec, ENCODERS[encoder]))
    again = load_network(tmp_path)
    assert again.spec == spec
    with torch.no_grad():
        x = network.embed(batch.tokens, batch.tracks)
        torch.testing.assert_close(again(x), network(x), rtol=0, atol=0)
        torch.testing.assert_close(for_inference(network)(x), network(x))


@pytest.mark.parametrize("average", [True, False])
def test_all_ways_to_predict_agree(average):
    spec = spec_of(*INPUTS)
    networks = [network_of(encoder, spec) for encoder in ENCODERS]
    models = [BothStrands(network) if average else network for network in networks]
    batch = batch_of(7, spec)
    tokens, tracks = batch.tokens.numpy(), batch.tracks.numpy()
    said = Members(models, gaps=True, batch_size=3)(tokens, tracks)
    alone = [NetworkPredictor(model, batch_size=2) for model in models]
    np.testing.assert_allclose(said.logits, np.stack([p.predict(tokens, tracks) for p in alone], axis=1), atol=1e-5)
    strands = np.stack([p.strands(tokens, tracks) for p in alone])
    np.testing.assert_allclose(said.gaps, (strands[:, :, 0] - strands[:, :, 1]).mean(axis=0), atol=1e-5)
    mean = NetworkPredictor(Ensemble(models)).predict(tokens, tracks)
    np.testing.assert_allclose(mean, said.logits.mean(axis=1), atol=1e-5)
    assert NetworkPredictor(networks[0]).features(tokens, tracks).shape[0] == 7
