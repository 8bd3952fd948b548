"""Attribution by derivatives: saliency, gradient x input, integrated gradients."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from cislearn.explain.inputs import Contributions, Inputs, against
from cislearn.explain.readout import Readout

STEPS = 32
"""Places of the path at which integrated gradients look, unless they are told how many."""


def gradient(
    readout: Readout, x: Float[Tensor, "n 4 length"], tracks: Float[Tensor, "n k length"] | None = None
) -> Float[Tensor, "n 4 length"]:
    """Return the derivative of the number with respect to each base, tracks held fixed."""
    return gradient_and_output(readout, x, tracks)[0]


def gradient_and_output(
    readout: Readout, x: Float[Tensor, "n 4 length"], tracks: Float[Tensor, "n k length"] | None = None
) -> tuple[Float[Tensor, "n 4 length"], Float[Tensor, " n"]]:
    """Return that derivative, and the number."""
    x = x.detach().requires_grad_()
    output = readout(x, tracks)
    (found,) = torch.autograd.grad(output.sum(), x)
    return found, output.detach()[:, 0]


def corrected(gradients: Float[Tensor, "n 4 length"]) -> Float[Tensor, "n 4 length"]:
    """Return gradients less their mean over the bases of each position.

    Bases sum to 1, so what a gradient says of leaving that plane was never trained and is noise (Majdandzic et al.
    2023, *Genome Biol.* 24:109).
    """
    return gradients - gradients.mean(1, keepdim=True)


def gradient_x_input(readout: Readout, inputs: Inputs) -> Contributions:
    """Attribute by the corrected gradient; projected on the window it is gradient times input (Shrikumar et al. 2016).

    What a small change would do. Where a motif saturates the model it says nothing.
    """
    found, output = gradient_and_output(readout, inputs.x, inputs.tracks)
    return Contributions(corrected(found), outputs=output)


def saliency(readout: Readout, inputs: Inputs) -> Contributions:
    """Attribute by the size of the corrected gradient (Simonyan et al. 2013): where, not which way."""
    found, output = gradient_and_output(readout, inputs.x, inputs.tracks)
    return Contributions(corrected(found).abs(), outputs=output)


def integrated_gradients(readout: Readout, inputs: Inputs, steps: int = STEPS) -> Contributions:
    """Attribute by the mean gradient on the straight way from each reference (Sundararajan et al. 2017, eq. 1).

    Over several references it is their mean, "expected gradients". The integral is by the nodes of Gauss and Legendre:
    what they miss of the difference in the output is told.

    Parameters
    ----------
    readout : Readout
        What is attributed.
    inputs : Inputs
        With references.
    steps : int
        Nodes; each takes a gradient, for each reference.
    """
    assert inputs.references is not None
    x, references, tracks = inputs.x, inputs.references, inputs.tracks
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    multipliers, start = torch.zeros_like(references), []
    for r in range(references.shape[1]):
        reference = references[:, r]
        for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
            between = reference + float(node) * (x - reference)
            multipliers[:, r] += float(weight) * gradient(readout, between, tracks)
        with torch.no_grad():
            start.append(readout(reference, tracks))
    with torch.no_grad():
        differences = readout(x, tracks) - torch.cat(start, dim=1)
    found = against(multipliers, references)
    sums = ((x.unsqueeze(1) - references) * multipliers).sum((2, 3))
    return Contributions(found.mean(1), differences - sums, differences)
