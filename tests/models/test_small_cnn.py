"""The two small networks: their published sizes, their padding, and how they begin."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from cislearn.errors import UserError
from cislearn.models.encoders.small_cnn import MODIFIED
from cislearn.models.network import build_network
from cislearn.schema import DataSpec, TaskSpec
from tests.models.conftest import one_hot_windows


def spec_of(length: int = 50, kind: str = "binary", channels: int = 1) -> DataSpec:
    return DataSpec((TaskSpec("bound", kind, channels=channels),), ("a",), length)


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_both_have_the_published_sizes_and_all_five_changes_make_one_of_the_other():
    original, modified = build_network("small_cnn", spec_of()), build_network("small_cnn_modified", spec_of())
    assert count(original) == 6_209 == 1_568 + 4_624 + 17
    assert count(modified) == 128_050
    assert len(MODIFIED) == 5
    torch.manual_seed(0)
    changed = build_network("small_cnn", spec_of(), MODIFIED)
    changed.load_state_dict(modified.state_dict())
    x = one_hot_windows(3, 50)
    assert torch.equal(changed.eval()(x), modified.eval()(x))


def test_original_is_what_keras_computes():
    """The forward pass written out in numpy: 39 places, of which maxima of 4 leave the last 3 out."""
    network = build_network("small_cnn", spec_of()).eval()
    conv, dense, last = (p for p in network.modules() if isinstance(p, nn.Conv1d | nn.Linear))
    for layer in (conv, dense, last):
        nn.init.normal_(layer.bias)  # at 0 a forgotten offset would not be seen
    w, x = conv.weight.detach().numpy(), one_hot_windows(2, 50)
    for window, said in zip(x.numpy(), network(x).detach().numpy(), strict=True):
        places = np.array([(w * window[:, i : i + 12]).sum((1, 2)) for i in range(39)]) + conv.bias.detach().numpy()
        maxima = places[:36].reshape(9, 4, 32).max(1).T.ravel()
        hidden = np.maximum(dense.weight.detach().numpy() @ maxima + dense.bias.detach().numpy(), 0)
        expected = last.weight.detach().numpy() @ hidden + last.bias.detach().numpy()
        np.testing.assert_allclose(said, expected, rtol=1e-4, atol=1e-5)


def test_same_padding_of_an_even_filter_has_its_further_zero_behind():
    network = build_network("small_cnn", spec_of(), {"padding": "same"})
    x, conv = one_hot_windows(2, 50), network.encoder.stages[0].linear
    expected = F.conv1d(F.pad(x, (5, 6)), conv[1].weight, conv[1].bias)
    assert torch.equal(conv(x), expected) and expected.shape[-1] == 50


def test_two_outputs_are_a_softmax_by_its_difference():
    network = build_network("small_cnn_modified", spec_of()).eval()
    x, stages = one_hot_windows(4, 50), network.stages
    two = stages[-1].linear(nn.Sequential(*stages[:-1])(x))
    assert two.shape == (4, 2)
    torch.testing.assert_close(network(x).sigmoid()[:, 0], two.softmax(1)[:, 1])
    multiclass = build_network("small_cnn_modified", spec_of(kind="multiclass", channels=3))
    assert multiclass(x).shape == (4, 3)


def test_weights_begin_as_keras_sets_them():
    torch.manual_seed(0)
    network = build_network("small_cnn_modified", spec_of())
    for layer in (p for p in network.modules() if isinstance(p, nn.Conv1d | nn.Linear)):
        receptive = layer.weight[0, 0].numel()
        bound = np.sqrt(6 / ((layer.weight.shape[0] + layer.weight.shape[1]) * receptive))
        largest = layer.weight.abs().max().item()
        assert largest <= bound and (largest > 0.9 * bound or layer.weight.numel() < 64)
        assert not layer.bias.any()


def test_dropout_stands_behind_the_first_four_layers_and_no_module_is_used_twice():
    """trap 9: an activation that is used twice breaks DeepLIFT."""
    network = build_network("small_cnn_modified", spec_of())
    assert [isinstance(stage.pool, nn.Dropout) for stage in network.encoder.stages[1:]] == 4 * [True] + 6 * [False]
    activations = [stage.activation for stage in network.encoder.stages[1:]]
    assert len({id(a) for a in activations}) == 10


@pytest.mark.parametrize(
    ("options", "length", "said"),
    [({}, 14, "a filter has 3 places"), ({"padding": "sane"}, 50, "valid or same"), ({"outputs": 3}, 50, "1 or 2")],
)
def test_what_cannot_be_built_is_refused(options, length, said):
    with pytest.raises(UserError, match=said):
        build_network("small_cnn", spec_of(length), options)
