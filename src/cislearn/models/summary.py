"""What a network is made of: layers, shapes, parameters and how many bases a feature sees."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn

from cislearn.models.network import Network


@dataclass(frozen=True)
class LayerRow:
    """One layer of a summary; `receptive_field` is in bp, None after the positions are gone."""

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    receptive_field: int | None


def summarise(network: Network) -> list[LayerRow]:
    """Return one row a layer, in the order in which the layers run, for a single window.

    The receptive field grows by ``(kernel - 1) * dilation`` strides of the layers before, as usual; a layer that joins
    all positions (a flattening) ends it. Branches begin at that of the layer whose output they read, and what joins
    them goes on from the widest.
    """
    rows: list[LayerRow] = []
    widest = (1, 1)
    known: dict[int, tuple[torch.Tensor, tuple[int, int]]] = {}  # with the outputs, so that no number is used again
    hooks = []

    def record(name: str, module: nn.Module) -> None:
        def hook(module: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
            nonlocal widest
            _, (field, stride) = known.get(id(inputs[0]), (output, widest))
            reach = _reach(module)
            field, stride = field + (reach[0] - 1) * stride, stride * reach[1]
            known[id(output)] = output, (field, stride)
            widest = max(widest, (field, stride))
            seen = min(field, network.spec.length) if output.dim() > 2 else None
            parameters = sum(p.numel() for p in module.parameters())
            rows.append(LayerRow(name, type(module).__name__, tuple(output.shape[1:]), parameters, seen))

        hooks.append(module.register_forward_hook(hook))

    for name, module in network.named_modules():
        if not list(module.children()) and name != "one_hot":
            record(name, module)
    training = network.training
    try:
        with torch.no_grad():
            network.eval()(torch.zeros(1, network.spec.channels, network.spec.length))
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()
    return rows


def summary_record(network: Network, encoder: str) -> dict[str, Any]:
    """Return the summary for JSON: layers, parameters, and the bp that one position sees before all are pooled."""
    rows = summarise(network)
    local = [row.receptive_field for row in rows if row.receptive_field is not None and row.shape[-1] > 1]
    return {
        "encoder": encoder,
        "parameters": sum(p.numel() for p in network.parameters()),
        "receptive_field": max(local, default=network.spec.length),
        "layers": [asdict(row) for row in rows],
    }


def _reach(module: nn.Module) -> tuple[int, int]:
    """Kernel width (with dilation) and stride of a layer along the sequence."""
    if not hasattr(module, "kernel_size"):
        return 1, 1
    values = [getattr(module, name, 1) for name in ("kernel_size", "stride", "dilation")]
    kernel, stride, dilation = (value[-1] if isinstance(value, tuple) else value for value in values)
    return (kernel - 1) * dilation + 1, stride
