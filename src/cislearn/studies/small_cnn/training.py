"""Train a network as the published notebook does, to Keras's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor
from torch.nn import functional as F

from cislearn.explain.inputs import Inputs, inputs_of
from cislearn.models.network import Network, build_network
from cislearn.schema import DataSpec, TaskSpec
from cislearn.studies.small_cnn.trials import Loss
from cislearn.studies.small_cnn.windows import Windows

BATCH, RATE, EPSILON = 10, 1e-3, 1e-7
"""Rows of a batch; rate and epsilon of Adam as Keras has them."""
TASK = "bound"


class Trained(NamedTuple):
    """What a training leaves."""

    network: Network
    logits: Float32[np.ndarray, " c"]
    """Of the test windows."""
    curve: pd.DataFrame
    """A row an epoch: loss and accuracy as they ran by in training, with dropout, and those of the validation rows."""


def spec_of(length: int) -> DataSpec:
    """Return the one binary task."""
    return DataSpec((TaskSpec(TASK),), ("simulated",), length)


def train_as_published(options: Mapping[str, Any], loss: Loss, windows: Windows, seed: int, epochs: int) -> Trained:
    """Train ``small_cnn`` with some options; weights, order of the rows and dropout come from the seed.

    The last weights are kept, as published. No label of a test window is read.
    """
    inputs = inputs_of(torch.from_numpy(windows.tokens))
    answers = torch.from_numpy(windows.labels).float()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build_network("small_cnn", spec_of(windows.tokens.shape[1]), options)
        optimiser = torch.optim.Adam(network.parameters(), lr=RATE, eps=EPSILON, fused=True)
        curve = []
        for epoch in range(1, epochs + 1):
            ran_by = _epoch(network, optimiser, loss, inputs, answers, windows.train)
            held_out = _judge(predict(network, inputs, windows.valid), answers[windows.valid], loss)
            names = ("loss", "accuracy", "validation loss", "validation accuracy")
            curve.append({"epoch": epoch, **dict(zip(names, (*ran_by, *held_out), strict=True))})
    return Trained(network, predict(network, inputs, windows.test).numpy(), pd.DataFrame(curve))


@torch.inference_mode()
def predict(network: Network, inputs: Inputs, rows: Int64[np.ndarray, " k"]) -> Float[Tensor, " k"]:
    """Return the logits of some rows."""
    return network.eval()(inputs.x[rows])[:, 0]


def loss_of(loss: Loss, logits: Float[Tensor, " k"], answers: Float[Tensor, " k"]) -> Float[Tensor, ""]:
    """Return the mean loss; either is that of one sigmoid, and of a softmax of two whose difference the logit is."""
    if loss == "squared error":
        return F.mse_loss(logits.sigmoid(), answers)
    return F.binary_cross_entropy_with_logits(logits, answers)


def _epoch(
    network: Network,
    optimiser: torch.optim.Optimizer,
    loss: Loss,
    inputs: Inputs,
    answers: Float[Tensor, " n"],
    rows: Int64[np.ndarray, " a"],
) -> tuple[float, float]:
    """Go once over the rows in a new order; return the means of loss and accuracy of the batches as they ran by."""
    network.train()
    sums = torch.zeros(2)
    order = torch.from_numpy(rows)[torch.randperm(len(rows))]
    for first in range(0, len(order), BATCH):
        batch = order[first : first + BATCH]
        logits, mine = network(inputs.x[batch])[:, 0], answers[batch]
        found = loss_of(loss, logits, mine)
        optimiser.zero_grad()
        found.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        right = (logits.detach() >= 0) == (mine == 1)
        sums += torch.stack([found.detach() * len(batch), right.sum().float()])
    mean_loss, accuracy = (sums / len(rows)).tolist()
    return mean_loss, accuracy


def _judge(logits: Float[Tensor, " b"], answers: Float[Tensor, " b"], loss: Loss) -> tuple[float, float]:
    right = (logits >= 0) == (answers == 1)
    return float(loss_of(loss, logits, answers)), float(right.float().mean())
