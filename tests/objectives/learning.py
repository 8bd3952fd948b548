"""What several tests of objectives ask."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from cislearn.data.batch import Batch
from cislearn.models.network import Network
from cislearn.objectives.objective import Objective, objectives
from cislearn.schema import DataSpec


def ready(name: str, model: Network, spec: DataSpec, seed: int = 1, **options: Any) -> Objective:
    """An objective, set up."""
    objective = objectives.get(name)(**options)
    torch.manual_seed(seed)
    objective.setup(model, spec)
    return objective


def gradients(loss: Tensor, module: nn.Module) -> list[Tensor]:
    """The gradient of a loss in each parameter of a module; zeros where it does not reach or nothing is trained."""
    trained = [p for p in module.parameters() if p.requires_grad]
    reached = torch.autograd.grad(loss, trained, retain_graph=True, allow_unused=True) if trained else ()
    found = dict(zip(trained, reached, strict=True))
    return [torch.zeros_like(p) if found.get(p) is None else found[p].clone() for p in module.parameters()]


def constant(value: float) -> dict[str, Any]:
    """A schedule that does not move."""
    return {"name": "constant", "value": value}


def total(objective: Objective, model: Network, batch: Batch, progress: float, seed: int = 2) -> Tensor:
    """The sum of the losses, all that is drawn at random fixed."""
    torch.manual_seed(seed)
    return torch.stack(list(objective.losses(model, batch, progress).values())).sum()
