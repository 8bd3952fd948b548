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
    name : {"adamw", "adam", "sgd", "rmsprop"}
        AdamW (Loshchilov and Hutter 2019), Adam, stochastic gradient descent with momentum, or RMSprop (Tieleman and
        Hinton 2012).
    learning_rate : float
        Its greatest value.
    weight_decay : float
        Decoupled for AdamW, an L2 penalty for the others.
    momentum : float
        For ``sgd``.
    alpha : float
        For ``rmsprop``: what its mean of squared gradients keeps at each step.
    decay : {"cosine", "constant", "ganin"}
        Down to 0 along a half cosine, not at all, or ``1 / (1 + 10 p) ** 0.75`` (Ganin et al. 2016, section 5.2).
    warmup : float
        Share of the training in which the rate first rises linearly from 0.
    max_weight_norm : float, optional
        Greatest norm of the weights of one filter or unit; see `cap_weights`.
    """

    name: Literal["adamw", "adam", "sgd", "rmsprop"] = "adamw"
    learning_rate: float = 5e-3
    weight_decay: float = 1e-4
    momentum: float = 0.9
    alpha: float = 0.99
    decay: Literal["cosine", "constant", "ganin"] = "cosine"
    warmup: float = 0.05
    max_weight_norm: float | None = None


def build_optimiser(
    plan: OptimiserPlan, parameters: Iterable[nn.Parameter], *, fused: bool = True
) -> torch.optim.Optimizer:
    """Return the optimiser of `plan` over `parameters`; `fused`, one kernel does the step, to the same numbers."""
    rate, decay = plan.learning_rate, plan.weight_decay
    if plan.name == "sgd":
        return torch.optim.SGD(parameters, lr=rate, momentum=plan.momentum, weight_decay=decay, fused=fused)
    if plan.name == "rmsprop":  # of which there is no fused one
        return torch.optim.RMSprop(parameters, lr=rate, alpha=plan.alpha, weight_decay=decay)
    kind = torch.optim.AdamW if plan.name == "adamw" else torch.optim.Adam
    return kind(parameters, lr=rate, weight_decay=decay, fused=fused)


@torch.no_grad()
def cap_weights(module: nn.Module, most: float) -> None:
    """Shorten the weights of each filter or unit to a norm of `most` where they are longer (Srivastava et al. 2014).

    Of every parameter with two axes or more, the first of which counts filters or units; offsets stay as they are, and
    so do weights that are not trained.
    """
    for weight in module.parameters():
        if weight.requires_grad and weight.dim() > 1:
            weight.copy_(weight.renorm(2, 0, most))


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
