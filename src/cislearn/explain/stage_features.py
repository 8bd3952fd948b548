"""What a stage of a model makes of windows, as vectors: one number a channel, pooled over the positions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn

from cislearn.errors import UserError
from cislearn.explain.windows import Windows
from cislearn.models.inference import for_inference
from cislearn.models.network import Network
from cislearn.models.stages import Stage
from cislearn.progress import Progress, silent

Pool = Literal["mean", "max"]
POOLS: tuple[Pool, ...] = ("mean", "max")


def stage_names(model: nn.Module) -> list[str]:
    """Return the stages of a model as PyTorch names them in its network, ``encoder.stages.0`` ... ``head.0``."""
    return list(_stages(model))


def last_of_encoder(model: nn.Module) -> str:
    """Return the stage whose output the head reads: the features that domains are compared by."""
    return [name for name in _stages(model) if name.startswith("encoder")][-1]


def check_stage(model: nn.Module, stage: str) -> None:
    """Refuse a stage that the model has not.

    Raises
    ------
    UserError
        With the names of those that it has.
    """
    names = stage_names(model)
    if stage not in names:
        raise UserError(f"the model has no stage {stage!r}", where="--stage", fix=f"Known: {', '.join(names)}.")


def stage_features(
    model: nn.Module,
    windows: Windows,
    stage: str,
    *,
    pool: Pool = "mean",
    device: torch.device | str = "cpu",
    progress: Progress = silent,
) -> Float32[np.ndarray, "n f"]:
    """Return what a stage makes of windows, a number a channel.

    Of a model that reads both strands it is the mean of what the stage makes of either, each pooled first: positions of
    the two strands do not lie beside each other.

    Parameters
    ----------
    model : nn.Module
        One run's, as `load_members` gives it; it stays as it is, a faster copy computes.
    windows : Windows
        Of which.
    stage : str
        One of `stage_names`.
    pool : {"mean", "max"}
        Over the positions that the stage leaves; what has none is taken as it is.
    device, progress
        Where to compute; hears how far it is.

    Raises
    ------
    UserError
        Where the model has no such stage.
    """
    check_stage(model, stage)
    faster = for_inference(model).to(device)
    found = []
    with torch.inference_mode(), _heard(_stages(faster)[stage]) as outputs:
        for piece in windows.pieces():
            outputs.clear()
            tokens = torch.from_numpy(piece.tokens).to(device)
            tracks = None if piece.tracks is None else torch.from_numpy(piece.tracks).to(device)
            faster(faster.embed(tokens, tracks))  # type: ignore[operator]
            vectors = torch.stack([_pooled(each, pool) for each in outputs]).mean(0)
            found.append(vectors.float().cpu().numpy())
            progress("features of windows", int(piece.rows[-1]) + 1, windows.n)
    return np.concatenate(found)


def _stages(model: nn.Module) -> dict[str, Stage]:
    network = next(module for module in model.modules() if isinstance(module, Network))
    names = {module: name for name, module in network.named_modules()}
    return {names[stage]: stage for stage in network.stages}


def _pooled(made: Float[Tensor, "n c *places"], pool: Pool) -> Float[Tensor, "n c"]:
    if made.dim() == 2:
        return made
    return made.flatten(2).mean(2) if pool == "mean" else made.flatten(2).amax(2)


@contextmanager
def _heard(module: nn.Module) -> Iterator[list[Tensor]]:
    """Give a list that what the module makes is put into, call by call."""
    outputs: list[Tensor] = []
    hook = module.register_forward_hook(lambda _module, _inputs, output: outputs.append(output))
    try:
        yield outputs
    finally:
        hook.remove()
