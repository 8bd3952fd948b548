from __future__ import annotations

import pytest
import torch

from cislearn.errors import UserError
from cislearn.models.encoders.motif_cnn import MotifCNN
from cislearn.models.network import build_network
from cislearn.schema import DataSpec, TaskSpec
from tests.models.conftest import one_hot_windows


@pytest.mark.parametrize("length", [101, 200, 37])
def test_plain_and_channels_last_layers_give_the_same_output_and_gradients(length):
    spec = DataSpec((TaskSpec("bound"),), (), length)
    plain, fast = (build_network("motif_cnn", spec, {"layers": kind}) for kind in ("plain", "channels_last"))
    fast.load_state_dict(plain.state_dict())
    x = one_hot_windows(8, length)
    gradients = []
    for network in (plain, fast):
        window = x.clone().requires_grad_()
        network(window).square().sum().backward()
        gradients.append([window.grad, *(p.grad for p in network.parameters())])
    torch.testing.assert_close(fast(x), plain(x), rtol=1e-5, atol=1e-5)
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("pool", [3, 4])
def test_features_do_not_tell_where_a_motif_lies_far_from_the_edges(pool):
    """The filters' reach is 6 bp, the pairs' 3 pooled places; between them a shift by whole pools changes nothing."""
    torch.manual_seed(0)
    encoder = MotifCNN(120, pool=pool).double().eval()
    motif = one_hot_windows(1, 8, share_of_n=0.0)[0].double()
    features = []
    for start in range(12 * pool, 12 * pool + 5 * pool, pool):
        x = torch.zeros(1, 4, 120, dtype=torch.float64)
        x[0, :, start : start + 8] = motif
        features.append(encoder(x))
    for shifted in features[1:]:
        torch.testing.assert_close(shifted, features[0], rtol=1e-12, atol=1e-12)
    x[0, :, start : start + 8] = motif.flip(1)
    assert not torch.allclose(encoder(x), features[0])


def test_windows_that_are_too_short_for_the_pooling_are_refused():
    short = DataSpec((TaskSpec("bound"),), (), 3)
    with pytest.raises(UserError, match=r"encoder motif_cnn cannot be built for windows of 3 bp: .* pooling of 4"):
        build_network("motif_cnn", short)
    assert build_network("motif_cnn", short, {"pool": 3}).n_features == 64


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"motif_width": 8}, "even width 8"),
        ({"motif_widht": 9}, r"no option 'motif_widht'; did you mean motif_width\?"),
        ({"layers": "chanels_last"}, r"layers 'chanels_last' are not known; did you mean channels_last\?"),
        ({"motifs": "many"}, "cannot be built"),
    ],
)
def test_options_that_cannot_be_are_refused(bound, options, message):
    with pytest.raises(UserError, match=message):
        build_network("motif_cnn", bound, options)


def test_options_set_the_sizes(bound):
    network = build_network(
        "motif_cnn", bound, {"motifs": 5, "motif_width": 9, "pairs": 6, "pair_width": 3, "features": 7}
    )
    sizes = [tuple(p.shape) for name, p in network.named_parameters() if name.endswith("weight")]
    assert sizes == [(5, 4, 9), (6, 5, 3), (7, 6), (1, 7)]
    assert network.n_features == 7


def test_with_batch_norm_it_normalises_after_both_convolutions_and_is_the_same_in_both_layouts(bound):
    """As adapting the statistics to a domain needs it."""
    x = torch.rand(8, 4, bound.length)
    found = []
    for kind in ("plain", "channels_last"):
        torch.manual_seed(0)
        network = build_network("motif_cnn", bound, {"batch_norm": True, "layers": kind})
        norms = [stage.norm for stage in network.encoder.stages if stage.norm is not None]
        assert [norm.weight.numel() for norm in norms] == [48, 96]
        found.append(network.train().features(x))
    torch.testing.assert_close(found[0], found[1], rtol=1e-4, atol=1e-5)
    assert not [stage.norm for stage in build_network("motif_cnn", bound).encoder.stages if stage.norm is not None]
