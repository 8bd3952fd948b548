"""Layers on maps that hold both strands: reverse-complement parameter sharing (RCPS).

A map has 2f channels: channel ``2f - 1 - i`` is the partner of channel ``i`` and reads the other strand as that one
reads the strand given. The reverse complement of a window turns every map round, its channels and its length, as it
does the bases A, C, G, T. Shrikumar et al. 2017, bioRxiv 103663; Zhou et al. 2022, PMLR 165, section 2.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from cislearn.models.batch_norm import BatchNorm, ChannelsLastBatchNorm, Statistics
from cislearn.models.convolution import ChannelsLastConv1d, convolve


def turned(h: Float[Tensor, "n c *length"]) -> Float[Tensor, "n c *length"]:
    """Return a map of the reverse complement: channels and positions in reverse order."""
    return h.flip(tuple(range(1, h.dim())))


def both_halves(values: Float[Tensor, " f *rest"]) -> Float[Tensor, " two_f *rest"]:
    """Return what belongs to the first channel of each pair for both: the second half of a map is in reverse order."""
    return torch.cat([values, values.flip(0)])


class EquivariantConv1d(nn.Conv1d):
    """A convolution that stores one filter of each pair; the other is its reverse complement.

    ``W[2f' - 1 - i, 2f - 1 - c, k - 1 - j] = W[i, c, j]`` and ``b[2f' - 1 - i] = b[i]``: turned along the axes of the
    input channels and of the length, never of the output channels alone.

    Parameters
    ----------
    c_in, c_out : int
        Channels of the maps; `c_out` is even.
    width : int
        Of the filters, odd or even.
    padding, dilation : int
        Zeros on either side, and positions from one weight to the next.
    bias : bool
        Add an offset, the same for both channels of a pair.
    tracks : int
        How many of the last input channels are tracks, which the reverse complement turns along the length alone.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        width: int,
        *,
        padding: int = 0,
        dilation: int = 1,
        bias: bool = True,
        tracks: int = 0,
    ) -> None:
        for channels in (c_in - tracks, c_out):
            if channels % 2:
                raise ValueError(f"{channels} channels are no pairs, one for each strand; take an even number")
        super().__init__(c_in, c_out // 2, width, padding=padding, dilation=dilation, bias=bias)
        self.tracks = tracks

    def kernel(self) -> Float[Tensor, "d c width"]:
        """Return the filters of both strands."""
        bases = self.in_channels - self.tracks
        partners = torch.cat([self.weight[:, :bases].flip(1), self.weight[:, bases:]], dim=1)
        return torch.cat([self.weight, partners.flip(0, 2)])

    def offsets(self) -> Float[Tensor, " d"] | None:
        """Return the offsets of both strands, where there are some."""
        return None if self.bias is None else both_halves(self.bias)

    def forward(self, x: Float[Tensor, "n c length"]) -> Float[Tensor, "n d places"]:
        """Return the map."""
        return convolve(x, self.kernel(), self.offsets(), int(self.padding[0]), self.dilation[0])

    @torch.no_grad()
    def untied(self) -> ChannelsLastConv1d:
        """Return an ordinary convolution with the same numbers, which no longer ties its filters in training."""
        kernel, offsets = self.kernel(), self.offsets()
        conv = ChannelsLastConv1d(
            self.in_channels,
            len(kernel),
            self.kernel_size,  # type: ignore[arg-type]
            padding=self.padding,  # type: ignore[arg-type]
            dilation=self.dilation,  # type: ignore[arg-type]
            bias=offsets is not None,
            device=kernel.device,
            dtype=kernel.dtype,
        )
        conv.weight.copy_(kernel)
        if conv.bias is not None and offsets is not None:
            conv.bias.copy_(offsets)
        return conv.train(self.training)


class EquivariantBatchNorm(BatchNorm):
    """Batch normalisation whose pairs of channels share statistics, scale and offset: `channels` / 2 of each.

    As if the second half of a map lay, turned, beside the first.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels // 2)

    def folded(self, z: Float[Tensor, "n two_f *length"]) -> Float[Tensor, "n f positions"]:
        """See `BatchNorm.folded`: both channels of a pair, side by side."""
        first, second = z.unsqueeze(-1).flatten(2).chunk(2, dim=1)
        return torch.cat([first, second.flip(1)], dim=2)

    def statistics(self, z: Float[Tensor, "n two_f *length"]) -> Statistics:
        """Return mean and biased variance of each pair, each of shape ``(f,)``."""
        return super().statistics(self.folded(z))

    def normalise_itself(self, z: Float[Tensor, "n two_f *length"]) -> Float[Tensor, "n two_f *length"]:
        """See `BatchNorm.normalise_itself`: by its halves, since the statistics of a pair are shared."""
        return self.normalise(z, self.statistics(z))

    def forward(self, z: Float[Tensor, "n two_f *length"]) -> Float[Tensor, "n two_f *length"]:
        """Return the normalised map."""
        assert self.running_mean is not None and self.running_var is not None
        image = z.reshape(*z.shape[:2], 1, -1).contiguous(memory_format=torch.channels_last)
        scale, offset = both_halves(self.weight), both_halves(self.bias)
        if self.training:
            normalised, mean, variance = _SharedStatistics.apply(image, scale, offset, self.eps)  # type: ignore[no-untyped-call]
            self._remember(mean, variance, image.numel() // len(mean))
        else:
            kept = both_halves(self.running_mean), both_halves(self.running_var)
            normalised = nn.functional.batch_norm(image, *kept, scale, offset, eps=self.eps)
        return normalised.flatten(1) if z.dim() == 2 else normalised.squeeze(2)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, n: int) -> None:
        """Let the running statistics follow those of a batch of `n` numbers a pair, as `torch.nn.BatchNorm1d` does."""
        assert self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None
        assert self.momentum is not None
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * (n / (n - 1)), self.momentum)

    @torch.no_grad()
    def untied(self) -> ChannelsLastBatchNorm:
        """Return an ordinary batch norm with the same numbers."""
        norm = ChannelsLastBatchNorm(2 * self.num_features, eps=self.eps, momentum=self.momentum)
        norm.to(self.weight.device, self.weight.dtype)
        norm.load_state_dict(
            {name: both_halves(value) if value.dim() else value for name, value in self.state_dict().items()}
        )
        return norm.train(self.training)

    @staticmethod
    def _across(values: Tensor, z: Tensor) -> Tensor:
        return BatchNorm._across(both_halves(values), z)


class _SharedStatistics(torch.autograd.Function):
    """Batch normalisation of images ``(n, 2f, 1, length)`` in training, by the moments of pairs.

    Written by hand since the moments of pairs, put together of copies or of single operations, take ten times as long
    on a CPU as what PyTorch has for one layout; here its own passes are used, and their results paired.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, offset: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
        mean, variance = _moments(x)
        apart = (mean - mean.flip(0)) / 2
        mean, variance = mean - apart, (variance + variance.flip(0)) / 2 + apart.square()
        ctx.save_for_backward(x, scale, mean, variance)
        ctx.eps = eps
        of_pairs = [each.chunk(2)[0].clone() for each in (mean, variance)]
        ctx.mark_non_differentiable(*of_pairs)
        return nn.functional.batch_norm(x, mean, variance, scale, offset, eps=eps), of_pairs[0], of_pairs[1]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor, *_: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        x, scale, mean, variance = ctx.saved_tensors
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        deviation = torch.rsqrt(variance + ctx.eps)
        # With the statistics held fixed (given twice, as kept and as saved: CPUs read the former, GPUs the latter) ...
        of_x, of_scale, of_offset = torch.ops.aten.native_batch_norm_backward(
            gradient, x, scale, mean, variance, mean, deviation, False, ctx.eps, [True, True, True]
        )
        # ... and what moves through them: Ioffe and Szegedy 2015, with sums over both channels of a pair. That is a
        # multiple of the normalised values and an offset, a channel each, as a batch norm is.
        n = 2 * x.numel() // len(mean)
        along, across = (scale * deviation * (both + both.flip(0)) / n for both in (of_scale, of_offset))
        through = nn.functional.batch_norm(x, mean, variance, along, across, eps=ctx.eps)
        return of_x.sub_(through), of_scale, of_offset, None


def _moments(x: Float[Tensor, "n c 1 length"]) -> Statistics:
    """Mean and biased variance of each channel; on CPUs the pass of PyTorch's batch norm is fifty times faster."""
    exact = torch.promote_types(x.dtype, torch.float32)  # of bfloat16, too, they are in single precision
    if x.device.type == "cpu":
        running = x.new_zeros(2, x.shape[1], dtype=exact)
        return torch.batch_norm_update_stats(x, running[0], running[1], 1.0)
    variance, mean = torch.var_mean(x.to(exact), (0, 2, 3), correction=0)
    return mean, variance


class PairedDropout(nn.Dropout):
    """Dropout that hides a number together with its partner on the other strand."""

    def forward(self, x: Float[Tensor, "n two_f *length"]) -> Float[Tensor, "n two_f *length"]:
        """Return the map with a share of its pairs set to 0, the others scaled up."""
        if not self.training:
            return x
        mask = super().forward(torch.ones_like(x.chunk(2, dim=1)[0]))
        return x * torch.cat([mask, turned(mask)], dim=1)


def symmetric_pool(width: int, stride: int | None = None) -> nn.MaxPool1d:
    """Return a maximum over windows that refuses maps of which it would leave positions out on one side.

    Pooling commutes with the reverse complement if and only if ``(length - width) % stride == 0``.
    """
    pool = nn.MaxPool1d(width, stride or width)
    pool.register_forward_pre_hook(_refuse_lopsided)
    return pool


def _refuse_lopsided(pool: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    length, width, stride = inputs[0].shape[-1], int(pool.kernel_size), int(pool.stride)  # type: ignore[arg-type]
    over = (length - width) % stride
    if over:
        shorter = [f"{over} fewer ({length - over})"] if length - over >= width else []
        raise ValueError(
            f"a pooling of {width} positions every {stride} over {length} leaves {over} out at one end, and the strands"
            f" would differ; take {' or '.join([*shorter, f'{stride - over} more ({length - over + stride})'])}"
        )


def widened_pool(width: int, length: int) -> nn.MaxPool1d:
    """Return a maximum over windows every `width` positions, as many as without overlap, for maps of `length`.

    What a pooling without overlap would leave out at the end is shared by all windows, which grow by it: so that
    windows of any length, 101 bp among them, can be pooled. Ours, not of the paper.
    """
    return symmetric_pool(width + length % width, width) if length >= width else symmetric_pool(width)


class SumOfStrands(nn.Module):
    """The map that both strands share: each channel plus its partner, turned. Blind to the strand.

    ``s_i(l) = h_i(l) + h_{2f-1-i}(L-1-l)`` (``RevCompSumPool`` of Zhou et al.), times `weight`.

    Parameters
    ----------
    weight : float
        1 for the sum, 1/2 for the mean.
    """

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, h: Float[Tensor, "n two_f *length"]) -> Float[Tensor, "n f *length"]:
        """Return the map of half as many channels."""
        first, second = h.chunk(2, dim=1)
        shared = first + turned(second)
        return shared if self.weight == 1 else self.weight * shared

    def extra_repr(self) -> str:
        """Return the weight, for printing."""
        return f"weight={self.weight:g}"


class WeightedSum(nn.Module):
    """A learned weight a channel and position, tied between partners, and the sum over positions.

    ``s_i = sum_l w_i(l) (h_i(l) + h_{2f-1-i}(L-1-l))`` (``WeightedSum1D`` of Zhou et al., not symmetric itself). It
    begins as Glorot has it for the map from all that it reads to one number.

    Parameters
    ----------
    channels : int
        2f.
    length : int
        Positions of the map.
    """

    def __init__(self, channels: int, length: int) -> None:
        super().__init__()
        bound = (6 / (channels * length + 1)) ** 0.5
        self.weight = nn.Parameter(torch.empty(channels // 2, length).uniform_(-bound, bound))
        self.shared = SumOfStrands()

    def forward(self, h: Float[Tensor, "n two_f length"]) -> Float[Tensor, "n f 1"]:
        """Return one number a pair of channels."""
        return (self.shared(h) * self.weight).sum(2, keepdim=True)


class Hybrid(nn.Module):
    """An ordinary sub-network read on both strands, as one map: ``[g(h), R g(R h)]`` ("CJRCPS" of Zhou et al.).

    Two calls, not one on a joined batch, which would break DeepLIFT.

    Parameters
    ----------
    inner : nn.Module
        g, from windows ``(n, 4, length)`` in the order ACGT, or a map with both strands, to a map of any channels.
    """

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, h: Float[Tensor, "n c length"]) -> Float[Tensor, "n two_f places"]:
        """Return the map of both strands."""
        return torch.cat([self.inner(h), turned(self.inner(turned(h)))], dim=1)
