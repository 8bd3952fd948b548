"""Whether a network says the same of both strands, as equivariant ones must."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor, nn

from cislearn.errors import UserError
from cislearn.models.strands import strand_logits
from cislearn.schema import DataSpec

TOLERANCE = 1e-4
"""Of logits in single precision, in shares of the largest where that is above 1; rounding makes about a hundredth."""


def check_equivariance(model: nn.Module, tolerance: float = TOLERANCE, *, n: int = 8, seed: int = 0) -> float:
    """Return the largest difference of the logits of random windows and of their reverse complements.

    Parameters
    ----------
    model : nn.Module
        With the `spec` of its inputs; it is asked as it is at prediction.
    tolerance : float
        What is taken for rounding, in shares of the largest logit where that is above 1.
    n, seed : int
        Windows, and what they are drawn from.

    Raises
    ------
    UserError
        Where it is greater than that: the model reads the strands differently, although it says it does not.
    """
    parameter = next(model.parameters())
    x = random_windows(model.spec, n, seed).to(parameter)  # type: ignore[arg-type]
    with at_prediction(model):
        forward, other = strand_logits(model, x).double().unbind(dim=1)
    apart = float((forward - other).abs().max())
    if not apart <= tolerance * max(1.0, float(forward.abs().max())):
        raise UserError(
            f"the two strands of a window get logits that differ by {apart:.2g}, and the network is to be equivariant",
            where="model",
            fix="A map must go through the layers of the factory alone, and through merge before a dense layer.",
        )
    return apart


@contextmanager
def at_prediction(model: nn.Module) -> Iterator[None]:
    """Have a model in evaluation mode and without gradients; then each part gets its own mode back."""
    modes = {part: part.training for part in model.modules()}
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for part, mode in modes.items():
            part.training = mode


def random_windows(spec: DataSpec, n: int, seed: int = 0) -> Float[Tensor, "n channels length"]:
    """Return one-hot windows of equally frequent bases; values of tracks are uniform from 0 to 1."""
    generator = torch.Generator().manual_seed(seed)
    bases = torch.randint(4, (n, spec.length), generator=generator)
    one_hot = nn.functional.one_hot(bases, 4).transpose(1, 2).float()
    return torch.cat([one_hot, torch.rand(n, spec.channels - 4, spec.length, generator=generator)], dim=1)
