"""Forward and reverse sequence scan: the formula, and that both strands are read alike."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cislearn.errors import UserError
from cislearn.models.encoders.frss import Scan
from cislearn.models.equivariance import check_equivariance
from cislearn.models.inference import for_inference
from cislearn.models.network import build_network, output
from cislearn.models.strands import other_strand
from tests.models.conftest import one_hot_windows
from tests.models.test_equivariance import spec_of

SIZES = {"motifs": 6, "motif_width": 5, "pairs": 7, "pair_width": 3, "features": 12}


@pytest.mark.parametrize("length", [30, 31])
def test_the_scan_is_the_formula_and_turns_along_its_length(length):
    """Oracle: PyTorch's convolution with filters turned by hand; at an even length its own maximum, too."""
    torch.manual_seed(0)
    scan, x = Scan(length, 6, 5, 7, 3, 0.1).double().eval(), one_hot_windows(3, length).double()
    (w1, b1, w2, b2), conv = scan.parameters(), nn.functional.conv1d
    pool = nn.MaxPool1d(2 + length % 2, 2)
    given = pool(conv(x, w1, b1, padding=2).relu())
    other = pool(conv(x, w1.flip(1, 2), b1, padding=2).relu())
    expected = conv(given, w2, b2, padding=1).relu() + conv(other, w2.flip(2), b2, padding=1).relu()
    found = scan(x)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(scan(x.flip(1, 2)), found.flip(2), rtol=0, atol=1e-10)
    assert not torch.allclose(found, found.flip(2), atol=1e-3)


@pytest.mark.parametrize("length", [100, 101])
def test_both_strands_get_the_same_logits(length):
    """trap 1."""
    spec, x = spec_of(length), one_hot_windows(5, length).double()
    torch.manual_seed(0)
    network = build_network("frss", spec, SIZES).double().eval()
    found = network(x)
    torch.testing.assert_close(network(other_strand(x, spec)), found, rtol=0, atol=1e-6)
    assert found.std() > 1e-3 and check_equivariance(network) < 1e-6
    torch.testing.assert_close(for_inference(network)(x), found)


@pytest.mark.filterwarnings("ignore")
def test_deeplift_sums_to_the_difference():
    """traps 9, 10 and 11."""
    attribute = pytest.importorskip("tangermeme.deep_lift_shap").deep_lift_shap
    torch.manual_seed(0)
    one, x = output(build_network("frss", spec_of(60), SIZES).eval(), "task 0"), one_hot_windows(3, 60, share_of_n=0.0)
    references = one_hot_windows(6, 60, seed=1, share_of_n=0.0).view(3, 2, 4, 60)
    found = attribute(one, x, references=references, device="cpu", n_shuffles=2, warning_threshold=1e-4)
    delta = one(x)[:, 0] - one(references.flatten(0, 1))[:, 0].view(3, 2).mean(1)
    torch.testing.assert_close(found.sum((1, 2)), delta, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("options", "length", "message"),
    [
        ({"motif_width": 4}, 60, "even width 4"),
        ({"pair_width": 2}, 60, "even width 2"),
        ({}, 1, "shorter than the pooling of 2"),
        ({"layers": "equivariant"}, 60, "frss has layers of its own"),
    ],
)
def test_options_that_cannot_be_are_refused(options, length, message):
    with pytest.raises(UserError, match=message):
        build_network("frss", spec_of(length), SIZES | options)
