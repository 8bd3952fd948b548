"""Whether the two strands of a batch pull the weights the same way: the cosine between their gradients."""

from __future__ import annotations

import torch
from torch import Tensor

from cislearn.data.batch import Batch
from cislearn.models.network import Network
from cislearn.models.strands import strand_logits
from cislearn.objectives.supervised import task_loss


def strand_gradient_cosine(network: Network, batch: Batch) -> float:
    """Return the cosine between the gradients of the task loss on either strand, in all weights that both share.

    1 where what one strand teaches is what the other does, as for a symmetric network; near 0 where they have nothing
    to say to each other, below 0 where one undoes the other. The losses are those of the network within where it joins
    its strands, whatever the objective, read in evaluation mode: nothing is drawn at random, and neither weights nor
    gradients nor the statistics of batch norm change.

    Parameters
    ----------
    network : Network
        In any mode, which it keeps.
    batch : Batch
        Cropped, on the network's device; only the labels that may be seen are read.

    Returns
    -------
    float
        NaN where no row has a label, or a gradient is zero.
    """
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        with torch.enable_grad():
            one, other = _gradients(network, batch)
    finally:
        for module, mode in modes.items():
            module.training = mode
    scale = one.norm() * other.norm()
    return float(one @ other / scale) if scale > 0 else float("nan")


def _gradients(network: Network, batch: Batch) -> list[Tensor]:
    """All weights' gradients of the loss on the strand given and on the other, each in one row."""
    windows, labels = batch.windows(batch.labelled), batch.labels[batch.labelled]
    logits = strand_logits(network, network.embed(windows.tokens, windows.tracks))
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    profiles = batch.labelled_profiles
    losses = [task_loss(strand, labels, network.spec, profiles=profiles) for strand in logits.unbind(1)]
    found = [
        torch.autograd.grad(loss, weights, retain_graph=True, allow_unused=True, materialize_grads=True)
        for loss in losses
    ]
    return [torch.cat([gradient.flatten() for gradient in gradients]) for gradients in found]
