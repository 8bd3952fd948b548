"""The benchmark of profiles, ours alone: its losses are those of the lines that the peer computes."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from benchmarks.peers.bpnet_geometry import BATCH, COUNTS_WEIGHT, FILES, LENGTH, POSITIONS
from benchmarks.profiles import Training, network, rows_of, write_files


def padded(weights, x):
    """The network as bpnet-lite computes it: zeros at the ends of each layer, and the middle cut out at the end."""
    x = F.conv1d(x, *weights[:2], padding=10).relu()
    *dilated, shape, shape_bias, counts, counts_bias = weights[2:]
    for k, (weight, bias) in enumerate(zip(dilated[::2], dilated[1::2], strict=True), start=1):
        x = x + F.conv1d(x, weight, bias, padding=2**k, dilation=2**k).relu()
    trimmed = (LENGTH - POSITIONS) // 2
    made = F.conv1d(x, shape, shape_bias, padding=37)[:, :, trimmed:-trimmed]
    mean = x[:, :, trimmed - 37 : 37 - trimmed].mean(2)
    return made, mean @ counts[:, :, 0].T + counts_bias


def test_the_first_loss_is_that_of_the_network_with_padding(tmp_path, monkeypatch):
    """Oracle: the same weights in PyTorch's own functions, with a multinomial of `torch.distributions`."""
    monkeypatch.setattr("benchmarks.profiles.BATCH", 2)
    monkeypatch.setattr("benchmarks.profiles.COMPARED", 2)
    write_files(tmp_path)
    with np.load(tmp_path / FILES) as files:
        tokens, counts = files["tokens"][:2], torch.from_numpy(files["counts"][:2])
    weights = [p.detach() for p in network().parameters()]
    x = F.one_hot(torch.from_numpy(tokens).long(), 4).transpose(1, 2).float()
    shape, log_counts = padded(weights, x)
    likelihood = [
        torch.distributions.Multinomial(int(n.sum()), logits=z).log_prob(n)
        for z, n in zip(shape[:, 0], counts[:, 0], strict=True)
    ]
    expected = -sum(likelihood) / 2 + COUNTS_WEIGHT * F.mse_loss(log_counts, counts.sum(2).log1p())
    losses, times = Training(tmp_path, "fp32").run(2, every=1)
    assert abs(losses[0] / float(expected) - 1) < 1e-5
    assert len(losses) == 2 and losses[1] != losses[0] and BATCH == 64 and len(times) >= 2


def test_a_limit_is_said_of_our_training_alone():
    rates = {"bpnet-lite fp32": [2.0, 2.0], "bpnet-lite bf16": [4.0, 4.0], "cislearn bf16": [3.8, 3.8]}
    off = {who: {"training": 1e-7, "prediction": 0.1} for who in rates}
    assert [row["of the limit"] for row in rows_of(rates, "training", off)] == ["", "", "1.00"]
    assert [row["of the limit"] for row in rows_of(rates, "prediction", off)] == ["", "", ""]
