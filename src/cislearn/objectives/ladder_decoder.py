"""The way back down a ladder: at each level an estimate of the clean values from the noisy ones and what is above."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from cislearn.errors import UserError
from cislearn.models.convolution import ChannelsLastConvTranspose1d, as_image
from cislearn.models.stages import Stage
from cislearn.objectives.ladder_denoiser import Denoiser
from cislearn.objectives.ladder_pass import FIX, batch_normalised


class Level(NamedTuple):
    """Channels and positions of a level; of None positions it is a vector.

    `pooled` are the positions that the stage above reads. Where it reads a vector they are those that its numbers
    stand for: a flattening leaves some, a maximum over all positions one.
    """

    channels: int
    places: int | None
    pooled: int


class Downward(nn.Module):
    """From the estimate at one level to the level below: a free map back through the stage, then back through pooling.

    The map has weights of its own: a deconvolution as wide as the widest filter of the stage (with zeros in between
    where that has a stride), or a dense map from a vector. Pooling is undone by repeating the nearest value.

    Parameters
    ----------
    above, below : Level
        What is mapped, and to what.
    width : int
        Of the deconvolution, in positions.
    """

    def __init__(self, above: Level, below: Level, width: int) -> None:
        super().__init__()
        self.below = below
        if above.places is None:
            self.map: nn.Module = nn.Linear(above.channels, below.channels * below.pooled, bias=False)
        else:
            self.map = _deconvolution(above, below, width)

    def forward(self, z: Float[Tensor, "n c *places"]) -> Float[Tensor, "n d *others"]:
        """Return the signal for the level below, not normalised."""
        below = self.map(z)
        if self.below.places is None:
            return below
        return unpooled(below.view(len(z), self.below.channels, -1), self.below.places)


def _deconvolution(above: Level, below: Level, width: int) -> ChannelsLastConvTranspose1d:
    """Return the deconvolution that makes the positions which the stage had read of those that it made."""
    assert above.places is not None
    lost = below.pooled - above.places
    stride = 1 if lost in (0, width - 1) else max(1, round(below.pooled / above.places))
    whole = (above.places - 1) * stride + width
    padding = max(0, -(-(whole - below.pooled) // 2))
    further = min(max(below.pooled - (whole - 2 * padding), 0), stride - 1)
    return ChannelsLastConvTranspose1d(
        above.channels, below.channels, width, stride, padding, output_padding=further, bias=False
    )


def unpooled(z: Float[Tensor, "n c pooled"], places: int) -> Float[Tensor, "n c places"]:
    """Repeat each position so that there are `places`: where pooling left some out, the nearest one stands for them."""
    if z.shape[2] == places:
        return z
    return F.interpolate(as_image(z), size=(1, places), mode="nearest-exact").squeeze(2)


class Decoder(nn.Module):
    """The levels of a ladder from the top down.

    Parameters
    ----------
    levels : list of Level
        From the input to the logits.
    widths : list of int
        Of the filters of each stage.
    lateral : bool
        Whether noisy levels are read.
    lowest : int
        The lowest level that is estimated: 0 for all, the number of stages for the top alone.
    """

    def __init__(self, levels: Sequence[Level], widths: Sequence[int], *, lateral: bool, lowest: int) -> None:
        super().__init__()
        self.lowest, top = lowest, len(widths)
        numbers = range(lowest, top + 1)
        self.denoisers = nn.ModuleList([Denoiser(levels[k].channels, lateral=lateral) for k in numbers])
        self.maps = nn.ModuleList([Downward(levels[k + 1], levels[k], widths[k]) for k in numbers[:-1]])

    def forward(self, top: Float[Tensor, "n t"], laterals: Sequence[Tensor]) -> list[Tensor]:
        """Return an estimate of each level from `lowest` to the top, in the scale that it has before it is normalised.

        Parameters
        ----------
        top : Tensor, shape (n, t)
            What the noisy pass says in the end, as probabilities.
        laterals : list of Tensor
            Of all levels of the noisy pass, from the input on.
        """
        signal, found = top, list[Tensor]()
        for number in reversed(range(len(self.denoisers))):
            found.insert(0, self.denoisers[number](laterals[self.lowest + number], batch_normalised(signal)))
            if number:
                signal = self.maps[number - 1](found[0])
        return found


@torch.no_grad()
def levels_of(stages: Sequence[Stage], x: Float[Tensor, "n c length"]) -> list[Level]:
    """Return the levels of stages for an input like `x`.

    Raises
    ------
    UserError
        Where a level is neither a vector nor a sequence of channels.
    """
    levels = [Level(x.shape[1], x.shape[2], x.shape[2])]
    for stage in stages:
        z, x = stage.linear(x), stage(x)
        if z.dim() not in (2, 3):
            raise UserError(
                f"method ladder reads sequences and vectors, and a stage of this encoder makes {z.dim()} axes",
                where="model.encoder",
                fix=FIX,
            )
        channels = z.shape[1]
        places = z.shape[2] if z.dim() == 3 else None
        pooled = x.shape[2] if x.dim() == 3 else 1 if places is None else max(1, x.shape[1] // channels)
        levels.append(Level(channels, places, pooled))
    return levels


def filter_width(linear: nn.Module) -> int:
    """Return the width of the widest filter of a stage, 1 where there is none."""
    sizes = [part.kernel_size for part in linear.modules() if hasattr(part, "kernel_size")]
    return max((size[-1] if isinstance(size, tuple) else size for size in sizes), default=1)  # type: ignore[type-var, return-value]
