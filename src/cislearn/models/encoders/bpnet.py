"""BPNet: dilated convolutions without padding, and from each position of what they make a profile at single bases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from cislearn.errors import UserError
from cislearn.models.encoder import Encoder, register
from cislearn.models.layers import Layers, is_equivariant
from cislearn.models.layers import layers as layers_of
from cislearn.models.saving import load_network, read_card
from cislearn.models.stages import Stage
from cislearn.schema import DataSpec, TaskSpec

MOST_DILATED = 12


class Dilated(nn.Module):
    """A convolution of three positions `dilation` apart, added to what it reads, of which as much is cut off."""

    def __init__(self, make: Layers, filters: int, dilation: int) -> None:
        super().__init__()
        self.conv = make.conv(make.channels(filters), filters, 3, dilation=dilation, padding="valid")
        self.activation = make.activation()

    def forward(self, x: Float[Tensor, "n c length"]) -> Float[Tensor, "n c shorter"]:
        """Return the sum, `dilation` positions shorter on either side."""
        made = self.activation(self.conv(x))
        return middle(x, made.shape[2]) + made


class ProfileHead(nn.Module):
    """One profile: the logits of its shape, strand by strand, and the log counts of each strand.

    Control tracks join late, so that what they explain need not be learned from sequence: the shape by a convolution of
    width 1 over the shape so far and the tracks, the counts by ``log(1 + their sum)`` beside the mean of the trunk.
    Sums are in units of a track's mean, by which it was divided.

    With layers that are equivariant to the reverse complement each filter reads both strands, one filter makes both
    strands of the profile, and tracks stand on either side of it, turned on one: so channels reversed are the other
    strand's (Zhou et al. 2022).

    A bias model's logits of the shape are added to its own, and its counts to its own: ``log(exp(a) + exp(b))``
    (ChromBPNet, Pampari et al. 2024).

    Parameters
    ----------
    make : Layers
        The trunk's.
    is_mirrored : bool
        Whether these are equivariant: a map turned is the map of the other strand.
    trunk : int
        Channels of the trunk.
    spec : DataSpec
        Tracks.
    task : TaskSpec
        The profile.
    width : int
        Of its convolution in bp.
    """

    def __init__(self, make: Layers, is_mirrored: bool, trunk: int, spec: DataSpec, task: TaskSpec, width: int) -> None:
        super().__init__()
        if is_mirrored and task.channels % 2:
            raise UserError(
                f"{task.name} has {task.channels} strand, and equivariant layers make pairs of them",
                where="model.encoder",
                fix="Give both strands of the profile, or take other layers.",
            )
        filters, self.trunk, self.is_mirrored = task.channels // make.channels(1), trunk, is_mirrored
        self.swapped = [track.rc == "flip_and_permute" for track in spec.tracks]
        self.sizes = [track.channels for track in spec.tracks]
        self.task, self.columns = task, spec.columns(task.name)
        beside = sum(self.sizes) * (2 if is_mirrored else 1)
        self.shape = make.conv(trunk, filters, width, padding="valid")
        self.join = make.conv(task.channels + beside, filters, 1) if beside else None
        self.counts = make.conv(trunk + beside, filters, 1)

    def forward(
        self, features: Float[Tensor, "n c places"], bias: Float[Tensor, "n all_columns"] | None
    ) -> Float[Tensor, "n columns"]:
        """Return the flat logits, with those of the `bias` model where there is one."""
        trunk, tracks = features[:, : self.trunk], features[:, self.trunk :]
        shape, mean = self.shape(trunk), trunk.mean(2, keepdim=True)
        if self.join is not None:
            tracks = middle(tracks, shape.shape[2])
            shape = self.join(self._between(shape, tracks))
            mean = self._between(mean, torch.log1p(torch.expm1(tracks).sum(2, keepdim=True)))
        flat, counts = shape.flatten(1), self.counts(mean).flatten(1)
        if bias is not None:
            of_shape, of_counts = torch.split(bias[:, self.columns], [self.task.n_shape, self.task.channels], dim=1)
            flat, counts = flat + of_shape, torch.logaddexp(counts, of_counts)
        return torch.cat([flat, counts], dim=1)

    def _between(
        self, made: Float[Tensor, "n c places"], tracks: Float[Tensor, "n k places"]
    ) -> Float[Tensor, "n channels places"]:
        """Put the tracks below what was made; with mirrored channels also above it, turned."""
        if not self.is_mirrored:
            return torch.cat([made, tracks], dim=1)
        pieces = zip(torch.split(tracks, self.sizes, dim=1), self.swapped, strict=True)
        other = torch.cat([piece.flip(1) if swapped else piece for piece, swapped in pieces], dim=1)
        return torch.cat([other.flip(1), made, tracks], dim=1)


class ProfileHeads(nn.Module):
    """The heads of all profiles, side by side.

    Parameters
    ----------
    heads : list of ProfileHead
        In the order of the tasks.
    channels : int
        Of the features that they read.
    bias : nn.Module, optional
        The heads of a bias model, which read the features below those.
    """

    def __init__(self, heads: list[ProfileHead], channels: int, bias: nn.Module | None) -> None:
        super().__init__()
        self.heads, self.channels, self.bias = nn.ModuleList(heads), channels, bias

    def forward(self, features: Float[Tensor, "n c places"]) -> Float[Tensor, "n columns"]:
        """Return the flat logits of one after the other."""
        bias = None if self.bias is None else self.bias(features[:, self.channels :])
        return torch.cat([head(features[:, : self.channels], bias) for head in self.heads], dim=1)


@register("bpnet")
class BPNet(Encoder):
    """A motif layer and `dilated` residual layers, none of them padded, and a profile from each position.

    Avsec et al. 2021, in the geometry of Zhou et al. 2022: windows of 1346 bp for 1000 positions with 6 dilated layers;
    with 8 of them 2114 bp (bpnet-lite, ChromBPNet). Features are the trunk's positions; where domains are compared,
    their mean. Tracks are controls: the trunk reads sequence alone, and the head is given the tracks.

    Parameters
    ----------
    length : int
        Window length in bp.
    in_channels : int
        Of the input: four bases, and those of the tracks.
    filters : int
        Of each layer of the trunk.
    motif_width : int
        Of the first layer in bp, odd.
    dilated : int
        Residual layers, of three positions 2, 4, 8 ... apart.
    profile_width : int
        Of the convolution that makes the profile, in bp, odd.
    layers : {"channels_last", "plain", "equivariant"}
        Where the layers come from; the weights of the first two are the same.
    bias : str, optional
        The folder of a finished run of `bpnet` on background of the same data (``runs/bias/supervised/seed-0``): what
        it predicts is added and stays as it is, so that this network learns the rest.
    """

    predicts_profiles = True

    def __init__(
        self,
        length: int,
        in_channels: int = 4,
        /,
        *,
        filters: int = 64,
        motif_width: int = 21,
        dilated: int = 6,
        profile_width: int = 75,
        layers: str | Mapping[str, Any] = "channels_last",
        bias: str | Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if motif_width % 2 == 0 or profile_width % 2 == 0:
            raise ValueError(f"filters of {motif_width} and {profile_width} bp; both must be odd to have a middle")
        self.length, self.profile_width = length, profile_width
        self.lost = motif_width + profile_width - 2
        self.dilated = dilated
        if length <= self.lost + lost_by_dilation(dilated):
            raise ValueError(f"{dilated} dilated layers take {self.lost + lost_by_dilation(dilated)} positions away")
        self.make, self.is_mirrored = layers_of(layers), is_equivariant({"layers": layers})
        self.channels = self.make.channels(filters)
        motifs = Stage(self.make.first(4, filters, motif_width, padding="valid"), None, self.make.activation())
        residual = [Stage(Dilated(self.make, filters, 2**k)) for k in range(1, dilated + 1)]
        self.stages = nn.Sequential(motifs, *residual)
        self.merged = nn.Sequential(*self.make.merge(self.channels)[0])
        self.bias, self.bias_head, self.bias_options = self._bias(bias, in_channels)

    def forward(self, x: Float[Tensor, "n channels length"]) -> Float[Tensor, "n c places"]:
        """Return the trunk's positions, the tracks at them below, and below these the features of a bias model."""
        trunk = self.stages(x[:, :4])
        features = trunk if x.shape[1] == 4 else torch.cat([trunk, middle(x[:, 4:], trunk.shape[2])], dim=1)
        return features if self.bias is None else torch.cat([features, self.bias(x)], dim=1)

    def pooled(self, features: Float[Tensor, "n c places"]) -> Float[Tensor, "n f"]:
        """Return the mean of the trunk over its positions, blind to the strand where the layers are equivariant."""
        return self.merged(features[:, : self.channels].mean(2))

    def head(self, n_features: int, spec: DataSpec) -> nn.Sequential:
        """Return the heads of all profiles as one stage.

        Raises
        ------
        UserError
            Where a task is no profile, or windows and profiles do not fit; names what would.
        """
        for task in spec.tasks:
            if task.kind != "profile":
                raise UserError(
                    f"encoder bpnet predicts profiles, and {task.name} is a {task.kind} task",
                    where="model.encoder",
                    fix="Prepare the profiles without it.",
                )
            self._check_geometry(task)
        heads = [
            ProfileHead(self.make, self.is_mirrored, self.channels, spec, task, self.profile_width)
            for task in spec.tasks
        ]
        bias = None if self.bias_head is None else self.bias_head(spec).requires_grad_(False)
        return nn.Sequential(Stage(ProfileHeads(heads, self.channels + spec.channels - 4, bias)))

    def saved_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options with those of the bias model, whose weights are saved with this one's, for its run."""
        return dict(options) | ({} if self.bias is None else {"bias": self.bias_options})

    def _bias(
        self, given: str | Mapping[str, Any] | None, in_channels: int
    ) -> tuple[BPNet | None, Callable[[DataSpec], nn.Module] | None, Mapping[str, Any]]:
        """Return a frozen bias model, what gives its head, and its options: of a run, or still without weights."""
        if given is None:
            return None, None, {}
        if not isinstance(given, str):
            fresh = BPNet(self.length, in_channels, **given)
            self._check_bias(fresh, "bias")
            return fresh.requires_grad_(False), partial(fresh.head, fresh.channels), given
        network, options = load_network(Path(given)), read_card(Path(given)).options
        self._check_bias(network.encoder, given)

        def head(spec: DataSpec) -> nn.Module:
            if (network.spec.tasks, network.spec.tracks) != (spec.tasks, spec.tracks):
                raise UserError(
                    "was trained for other profiles or tracks", where=given, fix="Train it on the same data."
                )
            return network.head

        encoder: BPNet = network.encoder  # type: ignore[assignment]
        return encoder.requires_grad_(False), head, options

    def _check_bias(self, bias: nn.Module, where: str) -> None:
        if not isinstance(bias, BPNet) or (bias.length, bias.profile_width) != (self.length, self.profile_width):
            raise UserError(
                f"is no bpnet of windows of {self.length:,} bp with profile_width {self.profile_width}",
                where=where,
                fix="Train it on the same data.",
            )

    def _check_geometry(self, task: TaskSpec) -> None:
        """Refuse profiles that are not as long as what is left of the windows."""
        lost = self.lost + lost_by_dilation(self.dilated)
        if self.length - lost == task.profile_length:
            return
        others = [
            n
            for n in range(1, MOST_DILATED + 1)
            if self.length - self.lost - lost_by_dilation(n) == task.profile_length
        ]
        fix = f"Prepare the data with --length {task.profile_length + lost}"
        raise UserError(
            f"{self.dilated} dilated layers leave {self.length - lost:,} positions of windows of {self.length:,} bp,"
            f" and {task.name} has {task.profile_length:,}",
            where="model.encoder",
            fix=f"{fix}, or say dilated: {others[0]}." if others else f"{fix}.",
        )


def lost_by_dilation(dilated: int) -> int:
    """Return the positions that layers of dilation 2, 4 ... take away on both sides together."""
    return 2 * (2 ** (dilated + 1) - 2)


def middle(x: Float[Tensor, "n c length"], width: int) -> Float[Tensor, "n c places"]:
    """Return the `width` positions in the middle."""
    first = (x.shape[2] - width) // 2
    return x[:, :, first : first + width]


def without_bias(network: nn.Module) -> nn.Module:
    """Return a copy of a trained `bpnet`, or of what joins its strands, that predicts what it learned beside its bias.

    Where there is no bias model it predicts the same.
    """
    alone = deepcopy(network)
    for module in alone.modules():
        if isinstance(module, BPNet | ProfileHeads):
            module.bias = None
    return alone
