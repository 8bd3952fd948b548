"""Optimisers, and learning rates as pure functions of the share of the training that is done."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn


@dataclass(frozen=True)
class OptimiserPlan:
    """How weights are updated.

    Parameters
    ----------
    name : {"adamw", "adam", "sgd"}
        AdamW (Loshchilov and Hutter 2019), Adam, or stochastic gradient descent with momentum.
    learning_rate : float
        Its greatest value.
    weight_decay : float
        Decoupled for AdamW, an L2 penalty for the others.
    momentum : float
        For ``sgd``.
    decay : {"cosine", "constant", "ganin"}
        Down to 0 along a half cosine, not at all, or ``1 / (1 + 10 p) ** 0.75`` (Ganin et al. 2016, section 5.2).
    warmup : float
        Share of the training in which the rate first rises linearly from 0.
    """

    name: Literal["adamw", "adam", "sgd"] = "adamw"
    learning_rate: float = 5e-3
    weight_decay: float = 1e-4
    momentum: float = 0.9
    decay: Literal["cosine", "constant", "ganin"] = "cosine"
    warmup: float = 0.05


def build_optimiser(
    plan: OptimiserPlan, parameters: Iterable[nn.Parameter], *, fused: bool = True
) -> torch.optim.Optimizer:
    """Return the optimiser of `plan` over `parameters`; `fused`, one kernel does the step, to the same numbers."""
    rate, decay = plan.learning_rate, plan.weight_decay
    if plan.name == "sgd":
        return torch.optim.SGD(parameters, lr=rate, momentum=plan.momentum, weight_decay=decay, fused=fused)
    kind = torch.optim.AdamW if plan.name == "adamw" else torch.optim.Adam
    return kind(parameters, lr=rate, weight_decay=decay, fused=fused)


def learning_rate(plan: OptimiserPlan, progress: float) -> float:
    """Return the learning rate at `progress` in [0, 1]."""
    if progress < plan.warmup:
        return plan.learning_rate * progress / plan.warmup
    rest = (progress - plan.warmup) / (1.0 - plan.warmup)
    if plan.decay == "cosine":
        return plan.learning_rate * 0.5 * (1.0 + math.cos(math.pi * rest))
    if plan.decay == "ganin":
        return plan.learning_rate / (1.0 + 10.0 * rest) ** 0.75
    return plan.learning_rate
