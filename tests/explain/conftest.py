"""Networks with weights that say something, and windows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from cislearn.models.network import build_network
from cislearn.schema import DataSpec, InputSpec, TaskSpec

BOUND = (TaskSpec("bound"),)
MIXED = (TaskSpec("bound"), TaskSpec("state", "multiclass", 3), TaskSpec("level", "regression"))
LENGTH = 101


def spec_of(*tasks: TaskSpec, length: int = LENGTH, tracks: int = 0) -> DataSpec:
    """Tasks on windows, and a signal of `tracks` channels beside them."""
    inputs = (InputSpec("signal", "track", tracks, "flip"),) if tracks else ()
    return DataSpec(tasks or BOUND, ("a", "b"), length=length, inputs=inputs)


def stirred(module: nn.Module, seed: int = 0) -> nn.Module:
    """Draw weights large enough, and statistics that are not 0 and 1, so that nothing is left out unseen."""
    generator = torch.Generator().manual_seed(seed)
    for part in module.modules():
        for parameter in part.parameters(recurse=False):
            parameter.data += 0.1 * torch.randn(parameter.shape, generator=generator)
        if getattr(part, "running_mean", None) is not None:
            part.running_mean.normal_(0, 0.2, generator=generator)
            part.running_var.uniform_(0.5, 2, generator=generator)
    return module.eval()


def network_of(encoder: str, spec: DataSpec, seed: int = 0, **options):
    torch.manual_seed(seed)
    return stirred(build_network(encoder, spec, options), seed)


@pytest.fixture
def tokens() -> np.ndarray:
    """Four windows of 101 bp, the last with some N."""
    found = np.random.default_rng(0).integers(4, size=(4, LENGTH)).astype(np.uint8)
    found[3, 40:45] = 4
    return found
