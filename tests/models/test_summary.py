from __future__ import annotations

import json

import pytest
import torch
from torch import nn

from cislearn.models.network import Network, build_network
from cislearn.models.summary import summarise, summary_record
from cislearn.schema import DataSpec, TaskSpec

CASES = [
    ("motif_cnn", {}, 101),
    ("motif_cnn", {"motif_width": 7, "pool": 3, "pair_width": 5, "layers": "plain"}, 120),
    ("dann_tf", {}, 101),
    ("basset", {}, 600),
    ("alexnet", {"hidden": [8]}, 300),
    ("inception", {}, 600),
    ("wide", {"detectors": 8, "channels": 6}, 200),
]


def network_of(encoder, options, length) -> Network:
    return build_network(encoder, DataSpec((TaskSpec("bound"),), (), length), options)


@pytest.mark.parametrize(("encoder", "options", "length"), CASES)
def test_parameters_add_up(encoder, options, length):
    network = network_of(encoder, options, length)
    total = sum(p.numel() for p in network.parameters())
    assert sum(row.parameters for row in summarise(network)) == total
    assert summary_record(network, encoder)["parameters"] == total


def reach_of(network, layer) -> int:
    """Bases whose gradient at a middle position of a layer's output is not zero, all weights positive."""
    kept = {}
    hook = network.get_submodule(layer).register_forward_hook(lambda module, inputs, output: kept.update(z=output))
    x = torch.rand(1, 4, network.spec.length, requires_grad=True)
    network(x)
    hook.remove()
    kept["z"][..., kept["z"].shape[-1] // 2].sum().backward()
    seen = x.grad.abs().sum((0, 1)).nonzero()[:, 0]
    return int(seen.max() - seen.min()) + 1


def pooled_by_mean(network):
    """Max-pools as mean-pools of the same reach, so that a gradient reaches every base that could matter."""
    for module in network.modules():
        for name, child in module.named_children():
            if isinstance(child, nn.MaxPool1d):
                setattr(module, name, nn.AvgPool1d(child.kernel_size, child.stride, child.padding))
            if isinstance(child, nn.MaxPool2d):
                setattr(module, name, nn.AvgPool2d(child.kernel_size, child.stride, child.padding))
    for parameter in network.parameters():
        nn.init.constant_(parameter, 0.01)
    return network


@pytest.mark.parametrize(("encoder", "options", "length"), CASES[:-1])
def test_receptive_fields_against_gradients(encoder, options, length):
    """Of layers that see less than a third of the window: a middle position of others sees beyond one of its ends."""
    network = pooled_by_mean(network_of(encoder, options, length)).eval()
    rows = [row for row in summarise(network) if row.receptive_field is not None and row.shape[-1] > 1]
    inner = [row for row in rows if row.receptive_field <= max(length / 3, 50)]
    assert len(inner) > 3
    for row in inner:
        assert row.receptive_field == reach_of(network, row.name), row
    record = summary_record(network_of(encoder, options, length), encoder)
    assert record["receptive_field"] == max(row.receptive_field for row in rows)


def test_known_receptive_fields():
    assert summary_record(network_of("motif_cnn", {}, 101), "motif_cnn")["receptive_field"] == 19 + 3 + 6 * 4
    assert summary_record(network_of("dann_tf", {}, 101), "dann_tf")["receptive_field"] == 5 + 4 + 4 * 2 + 4 * 2


def test_layers_come_in_the_order_in_which_they_run_with_their_shapes():
    network = network_of("motif_cnn", {}, 101)
    rows = summarise(network)
    assert [row.shape for row in rows if row.parameters] == [(48, 101), (96, 25), (64,), (1,)]
    assert rows[0].kind == "ChannelsLastConv1d"
    assert rows[-1].receptive_field is None


def test_a_summary_leaves_the_network_as_it_was_and_fits_json():
    network = network_of("motif_cnn", {}, 101)
    record = summary_record(network, "motif_cnn")
    assert network.training
    assert not any(module._forward_hooks for module in network.modules())
    assert json.loads(json.dumps(record))["layers"][0]["shape"] == [48, 101]


def test_a_receptive_field_is_never_longer_than_the_window():
    assert summary_record(network_of("motif_cnn", {}, 20), "motif_cnn")["receptive_field"] == 20
