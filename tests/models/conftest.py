"""Specs and windows for the tests of models."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from cislearn.schema import DataSpec, TaskSpec


@pytest.fixture
def bound() -> DataSpec:
    """One binary task on windows of 101 bp."""
    return DataSpec((TaskSpec("bound"),), ("a", "b"), length=101)


@pytest.fixture
def mixed() -> DataSpec:
    """A binary, a three-class and a regression task on windows of 48 bp: five logits."""
    tasks = (TaskSpec("bound"), TaskSpec("state", "multiclass", 3), TaskSpec("level", "regression"))
    return DataSpec(tasks, ("a",), length=48)


def one_hot_windows(n: int, length: int, seed: int = 0, share_of_n: float = 0.05) -> Tensor:
    """Random one-hot windows ``(n, 4, length)``, some positions N."""
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(0, 4, (n, length), generator=generator)
    x = torch.nn.functional.one_hot(tokens, 4).transpose(1, 2).float()
    return x * (torch.rand(n, 1, length, generator=generator) >= share_of_n)
