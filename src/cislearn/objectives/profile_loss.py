"""How far predicted profiles are from counts: multinomial likelihood of their shape, error of their log number."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from cislearn.schema import TaskSpec

AUTO = "auto"


def shape_and_counts(
    logits: Float[Tensor, "n columns"], task: TaskSpec
) -> tuple[Float[Tensor, "n s length"], Float[Tensor, "n s"]]:
    """Return the logits of the shape of each strand, and its log counts, of the columns of a profile task."""
    shape, log_counts = torch.split(logits, [task.n_shape, task.channels], dim=1)
    return shape.reshape(-1, task.channels, task.profile_length), log_counts


def multinomial_nll(shape: Float[Tensor, "n s length"], counts: Float[Tensor, "n s length"]) -> Float[Tensor, " n"]:
    """Negative log likelihood (nats) of counts given their number on each strand, summed over strands.

    ``-log N! + sum log k_i! - sum k_i log softmax(z)_i``, with the constant terms, as in BPNet (Avsec et al. 2021), so
    that numbers compare; 0 for a strand without counts.

    Parameters
    ----------
    shape : Tensor, shape (n, s, length)
        Logits of positions.
    counts : Tensor, shape (n, s, length)
        Whole numbers.
    """
    ways = torch.lgamma(counts.sum(2) + 1) - torch.lgamma(counts + 1).sum(2)
    return -(ways + (counts * F.log_softmax(shape.float(), dim=2)).sum(2)).sum(1)


def log_counts_error(log_counts: Float[Tensor, "n s"], counts: Float[Tensor, "n s length"]) -> Float[Tensor, ""]:
    """Mean over rows and strands of the squared error of ``log(1 + N)``."""
    return F.mse_loss(log_counts.float(), torch.log1p(counts.sum(2)))


def auto_weight(counts: Float[Tensor, "n s length"]) -> Float[Tensor, ""]:
    """BPNet's weight of the counts error, half the mean of all counts of a row: about what a multinomial loss is worth.

    ``lambda = alpha / 2 * mean N`` with alpha 1 (Avsec et al. 2021), over the rows at hand, which are those whose
    counts may be seen. ChromBPNet takes a tenth of the median N instead: say that number where it is wanted.
    """
    return counts.sum((1, 2)).mean() / 2


def profile_loss(
    logits: Float[Tensor, "n columns"],
    counts: Float[Tensor, "n s length"],
    task: TaskSpec,
    weight: float | str = AUTO,
) -> Float[Tensor, ""]:
    """Mean multinomial loss of the shape, plus `weight` times the error of the log counts.

    Parameters
    ----------
    logits : Tensor, shape (n, columns)
        Of this task.
    counts : Tensor, shape (n, s, length)
        Observed.
    task : TaskSpec
        The profile.
    weight : float or "auto"
        See `auto_weight`.
    """
    shape, log_counts = shape_and_counts(logits, task)
    factor = auto_weight(counts) if isinstance(weight, str) else weight
    return multinomial_nll(shape, counts).mean() + factor * log_counts_error(log_counts, counts)
