from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from cislearn.errors import UserError
from cislearn.models.encoder import OneStage
from cislearn.models.network import OneHot, build_network, output
from cislearn.schema import DataSpec, TaskSpec
from tests.models.conftest import one_hot_windows


def test_one_hot_of_every_token():
    x = OneHot()(torch.tensor([[0, 1, 2, 3, 4]], dtype=torch.uint8))
    np.testing.assert_array_equal(x[0].numpy(), np.hstack([np.eye(4), np.zeros((4, 1))]))
    assert x.dtype == torch.float32
    assert x.is_contiguous()


def test_one_hot_is_float32_in_mixed_precision_and_of_what_is_no_whole_table():
    tokens = torch.randint(0, 5, (6, 20), dtype=torch.uint8)
    expected = torch.nn.functional.one_hot(tokens.long(), 5)[..., :4].permute(0, 2, 1).float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(OneHot()(tokens), expected)
    assert torch.equal(OneHot()(tokens[::2, 3:11]), expected[::2, :, 3:11])
    assert OneHot()(tokens[:0]).shape == (0, 4, 20)


@pytest.mark.parametrize("encoder", ["motif_cnn", "dann_tf"])
def test_the_stages_run_one_after_the_other_are_the_forward_pass(mixed, encoder):
    network = build_network(encoder, mixed).eval()
    x = one_hot_windows(3, 48)
    z = x
    for stage in network.stages:
        z = stage(z)
    torch.testing.assert_close(z, network(x), rtol=0, atol=0)
    torch.testing.assert_close(network.classify(network.features(x)), network(x), rtol=0, atol=0)
    assert z.shape == (3, 5)


def test_embedded_tokens_are_the_input(bound):
    network = build_network("motif_cnn", bound)
    tokens = torch.randint(0, 5, (2, 101), dtype=torch.uint8)
    torch.testing.assert_close(network.embed(tokens), network.one_hot(tokens))


def test_building_leaves_no_gradient_and_the_network_in_training_mode(bound):
    network = build_network("motif_cnn", bound)
    assert all(module.training for module in network.modules())
    assert all(p.grad is None for p in network.parameters())


def test_equal_seeds_give_equal_first_weights(bound):
    networks = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        networks.append(build_network("motif_cnn", bound))
    same, other = (
        [torch.equal(a, b) for a, b in zip(networks[0].parameters(), n.parameters(), strict=True)] for n in networks[1:]
    )
    assert all(same)
    assert not any(other)


# --- One logit for attribution methods ---


@pytest.mark.parametrize(
    ("task", "channel", "column"), [("bound", 0, 0), ("state", 0, 1), ("state", 2, 3), ("level", 0, 4)]
)
def test_output_is_the_column_of_the_task(mixed, task, channel, column):
    network = build_network("motif_cnn", mixed).eval()
    x = one_hot_windows(3, 48)
    one = output(network, task, channel)(x)
    assert one.shape == (3, 1)
    torch.testing.assert_close(one, network(x)[:, [column]], rtol=0, atol=0)


def test_there_is_no_default_task_and_an_unknown_one_is_refused(mixed):
    """trap 12: attributions of the wrong task look like any other."""
    network = build_network("motif_cnn", mixed)
    with pytest.raises(TypeError, match="task"):
        output(network)
    with pytest.raises(KeyError, match="tasks: bound, state, level"):
        output(network, "stat")
    with pytest.raises(IndexError):
        output(network, "bound", 1)


# --- Encoders by name and address ---

OWN = """
import torch
from torch import nn
from cislearn.models.encoder import Encoder
from cislearn.models.stages import Stage

class Counter(Encoder):
    def __init__(self, length, *, width=3):
        super().__init__()
        conv = Stage(nn.Conv1d(4, width, 3), None, nn.ReLU(), nn.AdaptiveMaxPool1d(1))
        self.stages = nn.Sequential(conv, Stage(nn.Flatten()))

class Plain(nn.Module):
    def __init__(self, length, hidden=6):
        super().__init__()
        self.dense = nn.Linear(4 * length, hidden)
    def forward(self, x):
        return self.dense(x.flatten(1))

class Unpooled(nn.Module):
    def __init__(self, length):
        super().__init__()
        self.conv = nn.Conv1d(4, 2, 3)
    def forward(self, x):
        return self.conv(x)

class TakesNothing(nn.Module):
    def __init__(self):
        super().__init__()
"""


@pytest.fixture
def own(tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    package = tmp_path / "own_encoders"
    package.mkdir()
    (package / "__init__.py").write_text(OWN)
    yield tmp_path
    sys.modules.pop("own_encoders", None)


@pytest.mark.parametrize("place", ["own.py", "own_encoders"])
def test_a_users_own_encoder_and_a_plain_module(bound, own, place):
    x = one_hot_windows(2, 101)
    network = build_network(f"{place}:Counter", bound, {"width": 5}, search=[own])
    assert network.n_features == 5
    assert network(x).shape == (2, 1)
    plain = build_network(f"{place}:Plain", bound, {"hidden": 8}, search=[own])
    assert isinstance(plain.encoder, OneStage)
    assert plain.n_features == 8
    assert len(plain.stages) == 2
    torch.testing.assert_close(plain(x), plain.classify(plain.features(x)))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("motif_can", {}, r"encoder 'motif_can' is not known; did you mean motif_cnn\?"),
        ("motif_cnn", {"motif": 3}, r"encoder motif_cnn has no option 'motif'; did you mean motifs\?"),
        ("own.py:Plain", {"hiden": 3}, r"has no option 'hiden'; did you mean hidden\?"),
        ("own.py:Unpooled", {}, r"features of shape \(1, 2, 99\); expected \(windows, features\)"),
        ("own.py:TakesNothing", {}, "cannot be built for windows of 101 bp"),
        ("own.py:Countr", {}, r"has no 'Countr'; did you mean Counter\?"),
        ("other.py:Counter", {}, "no file other.py here or in"),
    ],
)
def test_encoders_that_cannot_be_are_refused(bound, own, name, options, message):
    with pytest.raises(UserError, match=message):
        build_network(name, bound, options, search=[own])


def test_options_are_not_changed(bound):
    """trap 22: defaults never leak into what the caller gave."""
    options = {"motifs": 4}
    build_network("motif_cnn", bound, options)
    assert options == {"motifs": 4}


def test_a_spec_of_several_binary_tasks_has_a_logit_each():
    spec = DataSpec((TaskSpec("a"), TaskSpec("b")), (), 50)
    for encoder in ("motif_cnn", "dann_tf"):
        assert build_network(encoder, spec)(one_hot_windows(2, 50)).shape == (2, 2)


def test_one_output_has_the_mode_of_its_model(bound):
    """A tool that gives a model its mode back after a call would otherwise wake dropout and batch statistics below."""
    network = build_network("wide", bound, {"detectors": 8, "channels": 8}).eval()
    one = output(network, "bound")
    one.train(one.training)
    assert not any(part.training for part in network.modules())


@pytest.mark.parametrize("encoder", ["motif_cnn", "wide"])
def test_a_frozen_encoder_changes_by_no_training(mixed, encoder):
    """Neither weights nor running statistics, though the network is told to train: the usual way to get this wrong."""
    network = build_network(encoder, mixed)
    network.freeze_encoder()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimiser = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.1)
    for _ in range(3):
        network.train()
        network(one_hot_windows(6, 48)).square().sum().backward()
        optimiser.step()
    after = network.state_dict()
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"head"}
    assert network.head.training and not any(module.training for module in network.encoder.modules())
