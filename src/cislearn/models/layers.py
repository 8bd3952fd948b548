"""The factory that encoders take their layers from, so that one encoder can be built in several kinds of layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol, runtime_checkable

from torch import nn

from cislearn.errors import UserError, nearest
from cislearn.models.batch_norm import BatchNorm, ChannelsLastBatchNorm, Statistics
from cislearn.models.convolution import ChannelsLastConv1d
from cislearn.models.equivariant import (
    EquivariantBatchNorm,
    EquivariantConv1d,
    PairedDropout,
    SumOfStrands,
    WeightedSum,
    symmetric_pool,
    widened_pool,
)
from cislearn.registry import check_options

__all__ = [
    "BASES",
    "LAYERS",
    "BatchNorm",
    "ChannelsLastBatchNorm",
    "ChannelsLastConv1d",
    "EquivariantLayers",
    "Layers",
    "Padding",
    "Statistics",
    "is_equivariant",
    "layers",
]

BASES = 4
EQUIVARIANT = "equivariant"
"""The kind of layers that read both strands."""
Padding = Literal["same", "valid"]
"""Zeros about the sequence so that it keeps its length, or none: only places that a filter lies within whole."""


@runtime_checkable
class Layers(Protocol):
    """What an encoder asks for; equivariant or channels-last layers answer to the same calls."""

    def channels(self, filters: int) -> int:
        """Channels that `filters` filters make: more than one each, where each also reads the other strand."""

    def first(
        self, c_in: int, filters: int, width: int, *, dilation: int = 1, bias: bool = True, padding: Padding = "same"
    ) -> nn.Module:
        """Convolution over the input itself: four bases, and the tracks below them."""

    def conv(
        self, c_in: int, filters: int, width: int, *, dilation: int = 1, bias: bool = True, padding: Padding = "same"
    ) -> nn.Module:
        """Convolution of `filters` over a map of `c_in` channels; it makes ``channels(filters)``.

        With padding ``same`` it keeps its length (odd `width`).
        """

    def norm(self, channels: int) -> nn.Module:
        """Normalise channels."""

    def activation(self) -> nn.Module:
        """Nonlinearity; a module of its own at each use, since DeepLIFT needs that."""

    def dropout(self, share: float) -> nn.Module:
        """Hide a share of the numbers of a map in training."""

    def pool(self, width: int, *, stride: int | None = None, length: int | None = None) -> nn.Module:
        """Maximum over windows of `width` positions, every `stride` of them; by default without overlap.

        Where the `length` of the map is told, layers that cannot leave positions out at one end may widen the windows
        (`widened_pool`); where it is not, they refuse maps of such a length.
        """

    def global_pool(self, length: int) -> nn.Module:
        """Maximum over all `length` positions: ``(n, c, length) -> (n, c)``."""

    def merge(self, channels: int, length: int = 1) -> tuple[list[nn.Module], int]:
        """Return what makes a map blind to the strand, and how many channels it leaves: nothing, where one is read.

        It takes ``(n, channels, length)``, and ``(n, channels)`` where `length` is 1. What follows may be ordinary.
        """

    def dense(self, n_in: int, n_out: int) -> nn.Module:
        """Fully connected map."""


class PlainLayers:
    """PyTorch's own layers."""

    def channels(self, filters: int) -> int:
        """See `Layers.channels`."""
        return filters

    def conv(
        self, c_in: int, filters: int, width: int, *, dilation: int = 1, bias: bool = True, padding: Padding = "same"
    ) -> nn.Module:
        """See `Layers.conv`."""
        return nn.Conv1d(c_in, filters, width, padding=_zeros(padding, width, dilation), dilation=dilation, bias=bias)

    def first(
        self, c_in: int, filters: int, width: int, *, dilation: int = 1, bias: bool = True, padding: Padding = "same"
    ) -> nn.Module:
        """See `Layers.first`."""
        return self.conv(c_in, filters, width, dilation=dilation, bias=bias, padding=padding)

    def norm(self, channels: int) -> nn.Module:
        """See `Layers.norm`."""
        return BatchNorm(channels)

    def activation(self) -> nn.Module:
        """See `Layers.activation`."""
        return nn.ReLU()

    def dropout(self, share: float) -> nn.Module:
        """See `Layers.dropout`."""
        return nn.Dropout(share)

    def pool(self, width: int, *, stride: int | None = None, length: int | None = None) -> nn.Module:
        """See `Layers.pool`."""
        return nn.MaxPool1d(width, stride)

    def global_pool(self, length: int) -> nn.Module:
        """See `Layers.global_pool`. A plain max-pool, since attribution methods know that one."""
        return nn.Sequential(nn.MaxPool1d(length), nn.Flatten())

    def merge(self, channels: int, length: int = 1) -> tuple[list[nn.Module], int]:
        """See `Layers.merge`."""
        return [], channels

    def dense(self, n_in: int, n_out: int) -> nn.Module:
        """See `Layers.dense`."""
        return nn.Linear(n_in, n_out)


class ChannelsLastLayers(PlainLayers):
    """As `PlainLayers`, with convolutions and normalisation that are fast on CPUs."""

    def conv(
        self, c_in: int, filters: int, width: int, *, dilation: int = 1, bias: bool = True, padding: Padding = "same"
    ) -> nn.Module:
        """See `Layers.conv`."""
        zeros = _zeros(padding, width, dilation)
        return ChannelsLastConv1d(c_in, filters, width, padding=zeros, dilation=dilation, bias=bias)

    def norm(self, channels: int) -> nn.Module:
        """See `Layers.norm`."""
        return ChannelsLastBatchNorm(channels)


class EquivariantLayers(PlainLayers):
    """Layers that keep both strands apart, and turn with the window (`cislearn.models.equivariant`).

    Parameters
    ----------
    filters : {"pairs", "half"}
        What a number of filters means: so many pairs, and twice as many channels, with about as many parameters in the
        first layer as plain layers and twice as many in the further; or so many channels, of half as many stored
        filters.
    merge : {"sum", "average", "weighted_sum"}
        How the strands come together at the end of the convolutions.
    """

    def __init__(self, *, filters: str = "pairs", merge: str = "sum") -> None:
        _check("filters", filters, ("pairs", "half"))
        _check("merge", merge, ("sum", "average", "weighted_sum"))
        self.per_filter = 2 if filters == "pairs" else 1
        self.how = merge

    def channels(self, filters: int) -> int:
        """See `Layers.channels`."""
        return filters * self.per_filter

    def conv(
        self, c_in: int, filters: int, width: int, *, dilation: int = 1, bias: bool = True, padding: Padding = "same"
    ) -> nn.Module:
        """See `Layers.conv`."""
        zeros = _zeros(padding, width, dilation)
        return EquivariantConv1d(c_in, self.channels(filters), width, padding=zeros, dilation=dilation, bias=bias)

    def first(
        self, c_in: int, filters: int, width: int, *, dilation: int = 1, bias: bool = True, padding: Padding = "same"
    ) -> nn.Module:
        """See `Layers.first`."""
        zeros, tracks = _zeros(padding, width, dilation), c_in - BASES
        return EquivariantConv1d(
            c_in, self.channels(filters), width, padding=zeros, dilation=dilation, bias=bias, tracks=tracks
        )

    def norm(self, channels: int) -> nn.Module:
        """See `Layers.norm`."""
        return EquivariantBatchNorm(channels)

    def dropout(self, share: float) -> nn.Module:
        """See `Layers.dropout`."""
        return PairedDropout(share)

    def pool(self, width: int, *, stride: int | None = None, length: int | None = None) -> nn.Module:
        """See `Layers.pool`."""
        if length is None or stride not in (None, width):
            return symmetric_pool(width, stride)
        return widened_pool(width, length)

    def merge(self, channels: int, length: int = 1) -> tuple[list[nn.Module], int]:
        """See `Layers.merge`."""
        if self.how != "weighted_sum":
            return [SumOfStrands(0.5 if self.how == "average" else 1.0)], channels // 2
        if length == 1:
            raise ValueError("merge weighted_sum weighs positions, and here one is left; take sum or average")
        return [WeightedSum(channels, length)], channels // 2


LAYERS: dict[str, type[PlainLayers]] = {
    "plain": PlainLayers,
    "channels_last": ChannelsLastLayers,
    EQUIVARIANT: EquivariantLayers,
}


def layers(kind: str | Mapping[str, Any]) -> Layers:
    """Return a factory by its name, or by its name and options: ``{"name": "equivariant", "filters": "half"}``."""
    options = dict(kind) if isinstance(kind, Mapping) else {"name": kind}
    name = options.pop("name", None)
    if name not in LAYERS:
        raise UserError(f"layers {name!r} are not known{nearest(str(name), LAYERS)}")
    check_options(LAYERS[name], options, what=f"layers {name}")
    return LAYERS[name](**options)


def is_equivariant(options: Mapping[str, Any]) -> bool:
    """Whether the options of an encoder take layers that read both strands."""
    kind = options.get("layers")
    return (kind.get("name") if isinstance(kind, Mapping) else kind) == EQUIVARIANT


def _check(option: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UserError(f"{option} {value!r} is not known; known: {', '.join(known)}")


def _zeros(padding: Padding, width: int, dilation: int) -> int:
    """Return the zeros on either side."""
    if padding == "valid":
        return 0
    if width % 2 == 0:
        raise ValueError(f"a filter of even width {width} cannot lie about its position; take an odd one")
    return (width - 1) * dilation // 2
