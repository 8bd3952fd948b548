"""Bases taken away at random, for networks that are made to work."""

from __future__ import annotations

import torch
from jaxtyping import Bool, UInt8
from torch import Tensor

from cislearn.data.batch import PAD


def hide_bases(
    tokens: UInt8[Tensor, "n length"], share: float
) -> tuple[UInt8[Tensor, "n length"], Bool[Tensor, "n length"]]:
    """Return windows with a share of their places replaced by N, and which these are; drawn by PyTorch's generator."""
    is_hidden = torch.rand(tokens.shape, device=tokens.device) < share
    return tokens.masked_fill(is_hidden, PAD), is_hidden
