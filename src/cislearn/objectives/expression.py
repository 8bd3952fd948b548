"""Learning from log ratios of pairs: squared error or the three calls, absent labels never read, and penalties."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor
from torch.nn import functional as F

from cislearn.schema import CALLED


def pair_loss(logits: Float[Tensor, "*pairs columns"], labels: Float[Tensor, "*pairs"]) -> Float[Tensor, ""]:
    """Mean loss over the pairs whose label is there; without any it is zero, and so are its gradients.

    Squared error where there is one column; of three it is the softmax cross-entropy of `called` labels (published were
    three sigmoids with that same loss).

    Parameters
    ----------
    logits : Tensor, shape (G, C, columns) or (B, columns)
        Of a block or of pairs.
    labels : Tensor, shape (G, C) or (B,)
        Log ratios; NaN where absent.
    """
    seen = ~labels.isnan()
    mine, truth = logits[seen], labels[seen]
    if not len(truth):
        return 0.0 * logits.sum()
    if logits.shape[-1] == 1:
        return F.mse_loss(mine[:, 0], truth)
    return F.cross_entropy(mine, called(truth))


def called(labels: Shaped[Tensor, "*pairs"]) -> Int64[Tensor, "*pairs"]:
    """0 (down) for log ratios of -.5 or less, 2 (up) for .5 or more, 1 (base) between."""
    return 1 + (labels >= CALLED).long() - (labels <= -CALLED).long()


def penalty(weights: Iterable[Tensor], l1: float, l2: float) -> Tensor:
    """``l1 sum |w| + l2 sum w^2``, as Keras has it: added to a mean loss, whatever the size of the batch."""
    return sum((l1 * w.abs().sum() + l2 * w.square().sum() for w in weights), start=torch.zeros(()))
