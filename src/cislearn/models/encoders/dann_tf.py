"""The published network of DANN_TF to the letter (Lan et al. 2019, IJMS 20:3425), at any window length."""

from __future__ import annotations

from collections import OrderedDict

import torch
from jaxtyping import Float
from torch import Tensor, nn

from cislearn.models.encoder import Encoder, register
from cislearn.models.four_rows import FourRowConv2d
from cislearn.models.stages import Stage
from cislearn.schema import DataSpec


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return the zeros before and after, as TensorFlow's "SAME": ``ceil(size / stride)`` places come out.

    Where their number is odd the further zero stands at the end.
    """
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class AsImage(nn.Module):
    """One-hot rows A, C, G, T as an image of one channel: ``(n, 4, length) -> (n, 1, 4, length)``."""

    def forward(self, x: Float[Tensor, "n 4 length"]) -> Float[Tensor, "n 1 4 length"]:
        """Return a view with the channel axis added."""
        return x.unsqueeze(1)


class TwoLogitDifference(nn.Module):
    """``z1 - z0`` of each pair of logits: binary cross-entropy on it equals softmax cross-entropy on the pair."""

    def forward(self, z: Float[Tensor, "n two_t"]) -> Float[Tensor, "n t"]:
        """Return the difference for each task."""
        return z[:, 1::2] - z[:, 0::2]


def same_pool(length: int) -> nn.MaxPool2d:
    """Max-pool 1 x 5, stride 1 x 2, "SAME". Where the zeros are odd, the further one is that of `ceil_mode`."""
    before, after = same_padding(length, 5, 2)
    return nn.MaxPool2d((1, 5), (1, 2), (0, before), ceil_mode=after > before)


@register("dann_tf")
class DannTF(Encoder):
    """Two 2-D convolutions over the one-hot image; 541,042 parameters with its label head at 101 bp and a binary task.

    Conv 4 x 5 (32) ReLU, pool; conv 4 x 5 (48) ReLU, pool; flatten (4992 features at 101 bp). Label head 100 ReLU, 100
    ReLU, 2 logits, of which the difference is returned. Weights begin as a truncated normal of sd 0.1, offsets at 0.1.
    With its domain head (100 ReLU, 2 logits; built by the adversarial objective) it has 1,040,544 parameters. The
    dropout of the paper's code is defined there and never used: there is none here.

    Parameters
    ----------
    length : int
        Window length in bp; 101 as published.
    """

    discriminator_width = 100

    def __init__(self, length: int) -> None:
        super().__init__()
        half = -(-length // 2)
        # ReLU after the maximum: the same values and gradients on half the positions.
        first, second = (nn.Sequential(OrderedDict(conv=FourRowConv2d(*c, 5))) for c in ((1, 32), (32, 48)))
        self.stages = nn.Sequential(
            Stage(nn.Sequential(AsImage(), first), pool=nn.Sequential(same_pool(length), nn.ReLU())),
            Stage(second, pool=nn.Sequential(same_pool(half), nn.Flatten(), nn.ReLU())),
        )
        self.initialise(self)

    def head(self, n_features: int, spec: DataSpec) -> nn.Sequential:
        """Return the published label head: two hidden layers of 100, two logits a binary task."""
        binary = all(task.kind == "binary" for task in spec.tasks)
        logits = nn.Linear(100, spec.n_logits * (2 if binary else 1))
        return nn.Sequential(
            Stage(nn.Linear(n_features, 100), None, nn.ReLU()),
            Stage(nn.Linear(100, 100), None, nn.ReLU()),
            Stage(logits, pool=TwoLogitDifference() if binary else None),
        )

    def initialise(self, module: nn.Module) -> None:
        """Draw weights from a normal of sd 0.1 cut at two sd, as TensorFlow does, and set offsets to 0.1."""
        for part in module.modules():
            if isinstance(part, nn.Conv2d | nn.Linear):
                nn.init.trunc_normal_(part.weight, std=0.1, a=-0.2, b=0.2)
                if isinstance(part.bias, torch.Tensor):
                    nn.init.constant_(part.bias, 0.1)
