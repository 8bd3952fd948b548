"""The convolution whose filters read the bases themselves: found by handing the model a window and watching."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from cislearn.errors import UserError, nearest
from cislearn.models.convolution import Turned
from cislearn.models.equivariant import EquivariantConv1d
from cislearn.models.stages import Stage
from cislearn.models.strands import other_strand
from cislearn.schema import DataSpec

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Layer:
    """A convolution that reads the bases, and what follows it before its filters are mixed.

    Parameters
    ----------
    name : str
        As PyTorch names it in the network, ``encoder.stages.0.linear``.
    conv : nn.Conv1d
        It may tie filters to their reverse complements; the first of each pair is then the filter.
    norm : nn.Module, optional
        What normalises its output in its stage.
    outlet : nn.Module
        The last module that still has a channel for each filter: the stage with its pooling, or the convolution.
    turned : nn.Module, optional
        What reads the window with the same filters turned, where that is done beside the convolution.
    both_strands : bool
        Whether its filters read each window on both strands, as one of a tied pair or in a second reading.
    spec : DataSpec
        Of the model.
    """

    name: str
    conv: nn.Conv1d
    norm: nn.Module | None
    outlet: nn.Module
    turned: nn.Module | None
    both_strands: bool
    spec: DataSpec

    @property
    def is_tied(self) -> bool:
        """Whether channel ``2f - 1 - i`` is channel ``i`` on the other strand."""
        return isinstance(self.conv, EquivariantConv1d)

    @property
    def outlets(self) -> list[nn.Module]:
        """Where its filters' channels leave: the outlet, and what makes them again with the filters turned."""
        return [self.outlet] if self.turned is None else [self.outlet, self.turned]

    @property
    def n_filters(self) -> int:
        """Filters; a tied pair is one."""
        return self.conv.out_channels

    @property
    def width(self) -> int:
        """Bases that a filter spans, in bp."""
        return (self.conv.kernel_size[0] - 1) * self.conv.dilation[0] + 1

    def channels(self, number: int) -> list[int]:
        """Return the channels of a filter: its own, and its partner's where filters are tied."""
        return [number, 2 * self.n_filters - 1 - number] if self.is_tied else [number]

    def respond(self, x: Float[Tensor, "n channels length"]) -> Float[Tensor, "n f places"]:
        """Return what each filter says of each place that it lies in whole, normalised as in the network.

        0 where it says less than 0. Places with padding beneath the filter are left out: no bases stand there.
        """
        conv = self.conv
        kernel, offsets = (
            (conv.kernel(), conv.offsets()) if isinstance(conv, EquivariantConv1d) else (conv.weight, conv.bias)
        )
        z = nn.functional.conv1d(x[:, : conv.in_channels], kernel, offsets, conv.stride, 0, conv.dilation)
        z = z if self.norm is None else self.norm(z)
        return z[:, : self.n_filters].relu()


def motif_layer(model: nn.Module, name: str | None = None) -> Layer:
    """Return the convolution of that name among those that read the bases, by default the first.

    Parameters
    ----------
    model : nn.Module
        One run's, as `load_members` gives it.
    name : str, optional
        As PyTorch names it; with or without what stands before ``encoder``.

    Raises
    ------
    UserError
        Where there is none of that name, with the known ones, or none at all.
    """
    found = {layer.name: layer for layer in motif_layers(model)}
    if not found:
        raise UserError(
            "no convolution of this model reads the bases along the window, so its filters have no motifs",
            fix="Attributions have: cislearn motifs --attributions FILE.",
        )
    if name is not None and name not in found:
        raise UserError(
            f"no layer {name!r} reads the bases{nearest(name, found)}",
            where="--layer",
            fix=f"Known: {', '.join(found)}.",
        )
    return found[name] if name is not None else next(iter(found.values()))


def motif_layers(model: nn.Module) -> list[Layer]:
    """Return every convolution that is handed the window itself, in the order of the network."""
    spec = cast(DataSpec, model.spec)
    tokens = torch.randint(4, (1, spec.length), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    tracks = torch.rand(1, spec.channels - 4, spec.length) if spec.tracks else None
    convs = {module: name for name, module in model.named_modules() if isinstance(module, nn.Conv1d)}
    stages = [module for module in model.modules() if isinstance(module, Stage)]
    scans = [module for module in model.modules() if isinstance(module, Turned)]
    with torch.inference_mode():
        x = model.embed(tokens, tracks)  # type: ignore[operator]
        handed, made = _watched(model, x, [*convs, *stages])
    turned, layers = other_strand(x, spec), []
    for conv, name in convs.items():
        read = [each for each in handed.get(conv, []) if each.shape[2:] == x.shape[2:] and each.shape[1] >= 4]
        if not any(torch.equal(each, x[:, : each.shape[1]]) for each in read):
            continue
        stage = next((stage for stage in stages if stage.linear is conv), None)
        keeps = stage is not None and made[stage].dim() == 3 and made[stage].shape[1] == made[conv].shape[1]
        beside = next((scan for scan in scans if scan.conv.weight is conv.weight), None)
        again = isinstance(conv, EquivariantConv1d) or beside is not None
        again = again or any(torch.equal(each, turned[:, : each.shape[1]]) for each in read)
        layers.append(
            Layer(
                name[max(0, name.find("encoder")) :],
                conv,
                None if stage is None else stage.norm,
                cast(nn.Module, stage) if keeps else conv,
                beside,
                again and not spec.single_stranded,
                spec,
            )
        )
    return layers


def _watched(
    model: nn.Module, x: Tensor, modules: list[nn.Module]
) -> tuple[dict[nn.Module, list[Tensor]], dict[nn.Module, Tensor]]:
    """Return what each module was handed, call by call, and what it made last."""
    handed: dict[nn.Module, list[Tensor]] = {}
    made: dict[nn.Module, Tensor] = {}

    def hear(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        handed.setdefault(module, []).append(inputs[0])
        made[module] = output

    hooks = [module.register_forward_hook(hear) for module in modules]
    try:
        model(x)
    finally:
        for hook in hooks:
            hook.remove()
    return handed, made


@contextmanager
def output_changed(module: nn.Module, change: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Let what a module makes pass through `change` within the block."""
    hook = module.register_forward_hook(lambda _module, _inputs, output: change(output))
    try:
        yield
    finally:
        hook.remove()
