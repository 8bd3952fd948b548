"""The networks as anybody writes them first, to measure by: PyTorch's own layers, its default layout, a plain loop.

Their parameters come in the order of ours, so `copy_weights` makes two networks of one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


def plain_dann_tf(length: int = 101) -> nn.Sequential:
    """Return the network of DANN_TF: each "SAME" of TensorFlow is a padding of zeros. Two logits."""
    layers: list[nn.Module] = [nn.Unflatten(1, (1, 4))]
    for c_in, c_out in ((1, 32), (32, 48)):
        layers += [nn.ZeroPad2d((2, 2, 1, 2)), nn.Conv2d(c_in, c_out, (4, 5)), nn.ReLU()]
        zeros = 4 if length % 2 else 3
        layers += [nn.ZeroPad2d((zeros // 2, zeros - zeros // 2, 0, 0)), nn.MaxPool2d((1, 5), stride=(1, 2))]
        length = -(-length // 2)
    layers += [nn.Flatten(), nn.Linear(4 * 48 * length, 100), nn.ReLU(), nn.Linear(100, 100), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(100, 2), Difference())


class Difference(nn.Module):
    """The second logit less the first."""

    def forward(self, z: Float[Tensor, "n 2"]) -> Float[Tensor, "n 1"]:
        """Return one logit."""
        return z[:, 1:] - z[:, :1]


def plain_motif_cnn(length: int = 101) -> nn.Sequential:
    """Return `motif_cnn` at its defaults."""
    return nn.Sequential(
        nn.Conv1d(4, 48, 19, padding=9),
        nn.ReLU(),
        nn.MaxPool1d(4),
        nn.Conv1d(48, 96, 7, padding=3),
        nn.ReLU(),
        nn.MaxPool1d(length // 4),
        nn.Flatten(),
        nn.Linear(96, 64),
        nn.ReLU(),
        nn.Linear(64, 1),
    )


def copy_weights(source: nn.Module, target: nn.Module) -> None:
    """Give `target` the parameters of `source`, one by one in their order."""
    with torch.no_grad():
        for a, b in zip(source.parameters(), target.parameters(), strict=True):
            b.copy_(a)


class PlainBlock(nn.Module):
    """Convolution of width 7, dilated, batch normalisation, ReLU; added to what came in."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, channels, 7, padding=3 * dilation, dilation=dilation, bias=False)
        self.norm = nn.BatchNorm1d(channels)
        self.activation = nn.ReLU()

    def forward(self, x: Float[Tensor, "n c length"]) -> Float[Tensor, "n c length"]:
        """Return the sum."""
        return x + self.activation(self.norm(self.conv(x)))


def plain_residual(length: int = 101, channels: int = 128) -> nn.Sequential:
    """Return a stack of dilated residual blocks as wide as those of larger networks."""
    return nn.Sequential(
        nn.Conv1d(4, channels, 15, padding=7),
        nn.ReLU(),
        *(PlainBlock(channels, dilation) for dilation in (1, 2, 4)),
        nn.MaxPool1d(length),
        nn.Flatten(),
        nn.Linear(channels, 1),
    )


class PlainTraining:
    """Stochastic gradient descent with momentum on binary labels, in a loop without a library.

    Parameters
    ----------
    network : nn.Module
        From one-hot windows to one logit.
    learning_rate : float
        Constant.
    bf16 : bool
        Under autocast, as anybody does it.
    """

    def __init__(self, network: nn.Module, *, learning_rate: float = 1e-3, bf16: bool = False) -> None:
        self.network, self.bf16 = network, bf16
        self.optimiser = torch.optim.SGD(network.parameters(), lr=learning_rate, momentum=0.9)

    def windows_a_second(self, batches: Sequence[tuple[Tensor, Tensor]], warm: int, steps: int) -> float:
        """Take `warm` steps that do not count and `steps` that do, on the same batches again and again."""
        for k in range(warm + steps):
            if k == warm:
                begun = time.perf_counter()
            self.step(*batches[k % len(batches)])
        return len(batches[0][1]) * steps / (time.perf_counter() - begun)

    def step(self, x: Float[Tensor, "n 4 length"], labels: Float[Tensor, " n"]) -> Tensor:
        """Take a step on one-hot windows; return its loss."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            logits = self.network(x)[:, 0]
        loss = F.binary_cross_entropy_with_logits(logits.to(labels.dtype), labels)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return loss.detach()
