from __future__ import annotations

import numpy as np
import pytest
import torch

from cislearn.errors import UserError
from cislearn.models.encoders.wide import Residual, maximum_and_mean
from cislearn.models.first_filters import PSEUDOCOUNT, known_motifs
from cislearn.models.layers import layers
from cislearn.models.network import build_network
from cislearn.models.saving import ModelCard, load_network, save_model
from cislearn.motifs.jaspar import jaspar_vertebrates
from cislearn.schema import DataSpec, TaskSpec
from tests.models.conftest import one_hot_windows


@pytest.mark.parametrize("length", [101, 200, 37])
def test_plain_and_channels_last_layers_give_the_same_output_and_gradients(length):
    spec = DataSpec((TaskSpec("bound"),), (), length)
    sizes = {"detectors": 16, "channels": 8}
    plain, fast = (build_network("wide", spec, {**sizes, "layers": kind}).eval() for kind in ("plain", "channels_last"))
    fast.load_state_dict(plain.state_dict())
    x = one_hot_windows(6, length)
    gradients = []
    for network in (plain, fast):
        window = x.clone().requires_grad_()
        network(window).square().sum().backward()
        gradients.append([window.grad, *(p.grad for p in network.parameters())])
    torch.testing.assert_close(fast(x), plain(x), rtol=1e-5, atol=1e-5)
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_a_residual_block_begins_as_the_identity_and_learns_all_the_same():
    torch.manual_seed(0)
    block = Residual(layers("plain"), 6, 5, 2)
    x = torch.randn(3, 6, 20)
    torch.testing.assert_close(block(x), x)
    block(x).square().sum().backward()
    assert block.branch[-1].weight.grad.abs().sum() > 0


def test_maximum_and_mean_stand_side_by_side():
    x = torch.randn(4, 3, 10)
    found = maximum_and_mean(layers("plain"), 3, 10)(x)
    torch.testing.assert_close(found, torch.cat([x.amax(2), x.mean(2)], dim=1))


def test_half_of_the_detectors_begin_as_motifs_of_the_collection(bound):
    """Oracle: each is the log odds of one of JASPAR's matrices, in the middle, up to one common factor."""
    torch.manual_seed(5)
    weight = build_network("wide", bound, {"detectors": 20}).encoder.stages[0].linear.weight.detach().numpy()
    motifs = [m.probabilities for m in jaspar_vertebrates().values() if m.width <= 19]
    found = 0
    for row in weight[:10]:
        for probabilities in motifs:
            odds = np.log2((probabilities + PSEUDOCOUNT) / (0.25 * (1 + 4 * PSEUDOCOUNT)))
            first = (19 - odds.shape[1]) // 2
            padded = np.zeros((4, 19))
            padded[:, first : first + odds.shape[1]] = odds
            if np.corrcoef(padded.ravel(), row.ravel())[0, 1] > 1 - 1e-5:
                found += 1
                break
    wide = sum(m.width > 19 for m in jaspar_vertebrates().values())
    assert found >= 10 - wide and found >= 8


def test_another_seed_takes_other_motifs_and_the_same_seed_the_same(bound):
    drawn = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        drawn.append(build_network("wide", bound, {"detectors": 8}).encoder.stages[0].linear.weight.detach())
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0][:4], drawn[2][:4])


def test_of_a_motif_wider_than_the_filter_the_most_informative_stretch_is_taken():
    weight = torch.randn(900, 4, 5)
    before = weight.clone()
    known_motifs(weight, 900)
    assert torch.equal(weight[879:], before[879:])  # there are no more than that
    assert weight.isfinite().all() and not torch.equal(weight[:879], before[:879])
    known_motifs(before, 0)
    assert before.isfinite().all()


def test_a_saved_one_is_the_same_after_loading(tmp_path, bound):
    card = ModelCard("wide", bound, {"detectors": 12, "channels": 8})
    network = card.build().eval()
    save_model(tmp_path, network, card)
    torch.manual_seed(99)
    x = one_hot_windows(4, 101)
    assert torch.equal(load_network(tmp_path)(x), network(x))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"known": 1.5}, r"known 1.5: expected a share from 0 to 1"),
        ({"dilations": []}, "there is no block"),
        ({"detector_width": 8}, "even width 8"),
        ({"detectros": 8}, r"did you mean detectors\?"),
    ],
)
def test_options_that_cannot_be_are_refused(bound, options, message):
    with pytest.raises(UserError, match=message):
        build_network("wide", bound, options)


def test_short_windows_are_refused():
    with pytest.raises(UserError, match=r"windows of 3 bp: .* pooling of 4"):
        build_network("wide", DataSpec((TaskSpec("bound"),), (), 3))
