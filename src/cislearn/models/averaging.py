"""The mean of the weights over the last steps: what is judged and kept in their place, and the mean teacher."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


class WeightAverage(nn.Module):
    """Exponential moving average of a network's weights and running statistics (Polyak and Juditsky 1992).

    It saves the noise of the last steps, and with it much of what an ensemble buys. In the beginning it forgets faster:
    ``min(decay, (1 + step) / (10 + step))``, a function of the step alone, so that a resumed training goes on exactly.

    Parameters
    ----------
    network : nn.Module
        Of which the average begins as a copy.
    decay : float
        Share of the average that each step keeps, from 0 (the last weights) to below 1.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        super().__init__()
        self.decay = decay
        self.network = copy.deepcopy(network).eval().requires_grad_(False)

    def train(self, mode: bool = True) -> WeightAverage:
        """Stay in evaluation mode: nothing is trained here."""
        return super().train(False)

    @torch.no_grad()
    def follow(self, network: nn.Module, step: int) -> None:
        """Take in the weights after `step` steps."""
        share = 1 - min(self.decay, (1 + step) / (10 + step))
        ours, theirs = _tensors(self.network), _tensors(network)
        floating = [number for number, value in enumerate(ours) if value.is_floating_point()]
        torch._foreach_lerp_([ours[n] for n in floating], [theirs[n] for n in floating], share)
        for mine, value in zip(ours, theirs, strict=True):
            if not mine.is_floating_point():
                mine.copy_(value)


def _tensors(network: nn.Module) -> list[Tensor]:
    return [*network.parameters(), *network.buffers()]
