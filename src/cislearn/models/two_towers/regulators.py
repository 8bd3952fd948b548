"""The branch that reads the regulators: as they are, or through dense layers."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn


def regulator_branch(regulators: int, hidden: Sequence[int], *, dropout: float, linear: bool) -> nn.Sequential:
    """Return dense layers with ReLUs; without `hidden` units the regulators as they are.

    Parameters
    ----------
    regulators : int
        Numbers that it reads.
    hidden : list of int
        Units of each layer.
    dropout : float
        Share that is hidden after each layer but the last one.
    linear : bool
        Whether the last one has no ReLU.
    """
    layers: list[nn.Module] = []
    for k, units in enumerate(hidden):
        is_last = k == len(hidden) - 1
        layers += [nn.Linear(regulators, units), *([] if linear and is_last else [nn.ReLU()])]
        if dropout and not is_last:
            layers.append(nn.Dropout(dropout))
        regulators = units
    return nn.Sequential(*layers)
