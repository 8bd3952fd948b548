"""Small models and batches for the tests of objectives."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from cislearn.data.batch import Batch
from cislearn.models.encoder import Encoder
from cislearn.models.layers import BatchNorm
from cislearn.models.network import Network
from cislearn.models.stages import Stage
from cislearn.schema import DataSpec, TaskSpec

LENGTH = 12


class Small(Encoder):
    """One dense layer, with batch norm by choice."""

    discriminator_width = 5

    def __init__(self, length: int, *, features: int = 6, norm: bool = False) -> None:
        super().__init__()
        dense = nn.Linear(4 * length, features)
        self.stages = nn.Sequential(Stage(nn.Flatten()), Stage(dense, BatchNorm(features) if norm else None, nn.Tanh()))


@pytest.fixture
def spec() -> DataSpec:
    return DataSpec((TaskSpec("bound"),), ("a", "b", "c"), LENGTH)


def network(spec: DataSpec, *, norm: bool = False, seed: int = 0) -> Network:
    torch.manual_seed(seed)
    return Network(Small(LENGTH, norm=norm), spec)


def batch_of(source: int, target: int, labels: Tensor | None = None, n_tasks: int = 1, seed: int = 0) -> Batch:
    """`source` labelled rows of domains a and b, then `target` unlabelled ones of domain c."""
    generator = torch.Generator().manual_seed(seed)
    n = source + target
    drawn = torch.randint(0, 2, (n, n_tasks), generator=generator).float()
    drawn[source:] = torch.nan
    domain = torch.cat([torch.arange(source) % 2, torch.full((target,), 2)])
    parts = {"source": slice(0, source)} | ({"target": slice(source, n)} if target else {})
    return Batch(
        tokens=torch.randint(0, 5, (n, LENGTH), generator=generator, dtype=torch.uint8),
        labels=drawn if labels is None else labels,
        domain=domain,
        row=torch.arange(n),
        parts=parts,
    )
