"""The two networks for binary labels of the benchmark of strands (Zhou, Shrikumar and Kundaje 2022, PMLR 165)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from cislearn.models.batch_norm import BatchNorm
from cislearn.models.encoder import Encoder, register
from cislearn.models.equivariant import Hybrid, WeightedSum
from cislearn.models.layers import BASES, Layers, is_equivariant
from cislearn.models.layers import layers as layers_of
from cislearn.models.stages import Stage
from cislearn.schema import DataSpec


class Sum(nn.Module):
    """The sum of the features, which is a dense layer of ones that is not trained."""

    def forward(self, features: Float[Tensor, "n f"]) -> Float[Tensor, "n 1"]:
        """Return one number an example."""
        return features.sum(1, keepdim=True)


class Zhou(Encoder):
    """Convolutions without padding, each with batch norm and ReLU, one maximum, and all positions as features.

    First weights are Keras's: Glorot and Bengio 2010, uniform, and offsets of 0; so are the constants of batch norm.

    Parameters
    ----------
    length : int
        Window length in bp.
    filters : int
        Of each convolution.
    widths : sequence of int
        Their widths, one a convolution.
    pool, stride : int
        Positions of the maximum, and from one to the next. Where layers are equivariant they must leave none out.
    hybrid : bool
        Convolutions that read one strand, applied to both: see `Hybrid`.
    batch_norm : bool
        Normalise behind each convolution. The published RCPS networks in effect do not: what their own batch norm
        returns does not carry Keras's mark of a learning phase, so that Keras never tells it of training, and its
        statistics stay 0 and 1.
    layers : str or mapping
        See `cislearn.models.layers.layers`.
    """

    def __init__(
        self,
        length: int,
        *,
        filters: int,
        widths: Sequence[int],
        pool: int,
        stride: int,
        hybrid: bool,
        batch_norm: bool,
        layers: str | Mapping[str, Any],
    ) -> None:
        super().__init__()
        positions = length - sum(width - 1 for width in widths)
        if positions < pool:
            raise ValueError(f"convolutions leave {max(positions, 0)} positions, fewer than the pooling of {pool}")
        if hybrid and not is_equivariant({"layers": layers}):
            raise ValueError("hybrid is for reverse_complement: {train: equivariant}")
        make = layers_of(layers)
        channels = make.channels(filters)
        if hybrid:
            inner = convolutions(layers_of("channels_last"), channels // 2, widths, batch_norm)
            stages = [Stage(Hybrid(nn.Sequential(*inner)))]
        else:
            stages = convolutions(make, filters, widths, batch_norm)
        strands, _ = make.merge(channels, (positions - pool) // stride + 1)
        # Activation after the maximum: the same values and gradients, on as many positions as are left.
        pooled = nn.Sequential(make.pool(pool, stride=stride), make.activation())
        stages[-1].pool = nn.Sequential(pooled, *strands, nn.Flatten())
        self.stages = nn.Sequential(*stages)
        self.is_weighted = any(isinstance(part, WeightedSum) for part in strands)
        self.initialise(self)

    def head(self, n_features: int, spec: DataSpec) -> nn.Sequential:
        """Return one dense layer; after a weighted sum, the published one of ones, which makes a single logit."""
        if not self.is_weighted:
            return nn.Sequential(Stage(nn.Linear(n_features, spec.n_logits)))
        if spec.n_logits > 1:
            raise ValueError(f"merge weighted_sum ends in one logit, and the dataset has {spec.n_logits}")
        return nn.Sequential(Stage(Sum()))

    def initialise(self, module: nn.Module) -> None:
        """Draw weights as Glorot and Bengio have it, set offsets to 0, and batch norm as Keras has it."""
        for part in module.modules():
            if isinstance(part, nn.Conv1d | nn.Linear):
                nn.init.xavier_uniform_(part.weight)
                if part.bias is not None:
                    nn.init.zeros_(part.bias)
            elif isinstance(part, BatchNorm):
                part.eps, part.momentum = 1e-3, 0.01


def convolutions(make: Layers, filters: int, widths: Sequence[int], batch_norm: bool) -> list[Stage]:
    """Return one stage a convolution: without padding, batch norm where asked, and ReLU behind all but the last."""
    channels = make.channels(filters)
    convs = [make.first(BASES, filters, widths[0], padding="valid")]
    convs += [make.conv(channels, filters, width, padding="valid") for width in widths[1:]]
    activations = [*(make.activation() for _ in widths[1:]), None]
    return [
        Stage(conv, make.norm(channels) if batch_norm else None, each)
        for conv, each in zip(convs, activations, strict=True)
    ]


@register("zhou_simulated")
class ZhouSimulated(Zhou):
    """The published network for simulated motifs: one convolution; windows of 200 or 1000 bp, any multiple of 20.

    Conv of 20 filters of 21 bp without padding, batch norm, ReLU, maximum of 20, flatten; one dense layer. 2,283
    parameters at 200 bp and three tasks, on one strand as with pairs.

    Parameters
    ----------
    length : int
        Window length in bp.
    filters : int
        Of the convolution.
    width : int
        Their width in bp.
    pool : int
        Positions of the maximum, without overlap. Equivariant layers need ``(length - width + 1) % pool == 0``.
    hybrid : bool
        With equivariant layers: a convolution that reads one strand, applied to both.
    batch_norm : bool
        Normalise behind the convolution; false for what the published RCPS networks in effect do.
    layers : {"channels_last", "plain"}
        Where the layers come from; the weights are the same. `reverse_complement: {train: equivariant}` takes others.
    """

    def __init__(
        self,
        length: int,
        *,
        filters: int = 20,
        width: int = 21,
        pool: int = 20,
        hybrid: bool = False,
        batch_norm: bool = True,
        layers: str | Mapping[str, Any] = "channels_last",
    ) -> None:
        super().__init__(
            length, filters=filters, widths=(width,), pool=pool, stride=pool, hybrid=hybrid, batch_norm=batch_norm,
            layers=layers,
        )  # fmt: skip


@register("zhou_binary")
class ZhouBinary(Zhou):
    """The published network for ChIP-seq peaks: three convolutions; windows of 1000 bp, any multiple of 20.

    Three convolutions of 16 filters of 15, 14 and 14 bp without padding, each with batch norm and ReLU, maximum of 40
    every 20, flatten; one dense layer. The publication trains 160 rounds of 50 batches in which one row in five is
    positive; here `training` says how many epochs of the rows that there are.

    Parameters
    ----------
    length : int
        Window length in bp.
    filters : int
        Of each convolution.
    widths : list of int
        Their widths, one a convolution.
    pool, stride : int
        Positions of the maximum, and from one to the next. Equivariant layers need a multiple of the stride between
        first and last.
    hybrid : bool
        With equivariant layers: convolutions that read one strand, applied to both ("CJRCPS", all).
    batch_norm : bool
        Normalise behind each convolution; false for what the published RCPS networks in effect do.
    layers : {"channels_last", "plain"}
        Where the layers come from; the weights are the same. `reverse_complement: {train: equivariant}` takes others.
    """

    def __init__(
        self,
        length: int,
        *,
        filters: int = 16,
        widths: tuple[int, ...] | list[int] = (15, 14, 14),
        pool: int = 40,
        stride: int = 20,
        hybrid: bool = False,
        batch_norm: bool = True,
        layers: str | Mapping[str, Any] = "channels_last",
    ) -> None:
        super().__init__(
            length, filters=filters, widths=widths, pool=pool, stride=stride, hybrid=hybrid, batch_norm=batch_norm,
            layers=layers,
        )  # fmt: skip
