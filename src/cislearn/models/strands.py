"""Both strands at prediction: the average of the logits of a window and of its reverse complement."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from cislearn.schema import DataSpec, ReverseRule, TaskSpec


def other_strand(x: Float[Tensor, "n channels length"], spec: DataSpec) -> Float[Tensor, "n channels length"]:
    """Return the inputs of a network on the other strand: bases complemented, each track turned by its rule.

    In the order ACGT the complement is the order reversed. A track that is moved as it is turned has lost the one value
    that lies beyond the window; it counts as 0.
    """
    bases, *tracks = torch.split(x, [4, *(track.channels for track in spec.tracks)], dim=1)
    turned = [_turned(track, item.rc) for track, item in zip(tracks, spec.tracks, strict=True)]
    return torch.cat([bases.flip(1, 2), *turned], dim=1) if turned else bases.flip(1, 2)


def _turned(track: Float[Tensor, "n c length"], rule: ReverseRule) -> Float[Tensor, "n c length"]:
    if rule == "none":
        return track
    if rule == "flip_and_permute":
        return track.flip(1, 2)
    flipped = track.flip(2)
    return F.pad(flipped, (1, -1)) if rule == "flip_and_shift" else flipped


def turned_back(logits: Float[Tensor, "n t"], spec: DataSpec) -> Float[Tensor, "n t"]:
    """Return logits of reverse-complemented windows as those of the windows: profiles are turned by their rule.

    A profile that is moved as it is turned has lost its first position, which lies beyond the other strand's window; it
    takes the logit of its neighbour.
    """
    if all(task.kind != "profile" for task in spec.tasks):
        return logits
    pieces = torch.split(logits, [task.n_logits for task in spec.tasks], dim=1)
    return torch.cat([_profile_back(p, t) for p, t in zip(pieces, spec.tasks, strict=True)], dim=1)


def _profile_back(logits: Float[Tensor, "n t"], task: TaskSpec) -> Float[Tensor, "n t"]:
    if task.kind != "profile":
        return logits
    shape, counts = logits[:, : -task.channels], logits[:, -task.channels :]
    shape = _turned(shape.reshape(-1, task.channels, task.profile_length), task.rc)
    if task.rc == "flip_and_shift":  # no logit is neutral: 0 would speak for or against the lost position
        shape = torch.cat([shape[:, :, 1:2], shape[:, :, 1:]], dim=2)
    return torch.cat([shape.flatten(1), counts.flip(1) if task.rc == "flip_and_permute" else counts], dim=1)


class StrandAverage(nn.Module):
    """Mean of the logits on both strands ("post-hoc conjoined", Zhou et al. 2022).

    The two strands go through the model in two calls: joined on the batch axis they would break DeepLIFT.

    Parameters
    ----------
    model : nn.Module
        Maps one-hot windows ``(n, 4, length)`` in the order ACGT, tracks below them, to logits.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.spec = model.spec
        self.training = model.training  # who gives a wrapped network its mode back must not change it

    def embed(self, tokens: Tensor, tracks: Tensor | None = None) -> Tensor:
        """Return the input of `forward` for tokens and their tracks."""
        return self.model.embed(tokens, tracks)  # type: ignore[operator]

    def forward(self, x: Float[Tensor, "n channels length"]) -> Float[Tensor, "n t"]:
        """Return the mean of the logits of ``x`` and of its reverse complement."""
        other = self.model(other_strand(x, self.spec))  # type: ignore[arg-type]
        return (self.model(x) + turned_back(other, self.spec)) / 2  # type: ignore[arg-type]


def strand_logits(model: nn.Module, x: Float[Tensor, "n channels length"]) -> Float[Tensor, "n 2 t"]:
    """Return the logits of ``x`` and of its reverse complement, of the network within where `model` averages them."""
    network = model.model if isinstance(model, StrandAverage) else model
    other = network(other_strand(x, model.spec))  # type: ignore[arg-type]
    return torch.stack([network(x), turned_back(other, model.spec)], dim=1)  # type: ignore[arg-type]


class Ensemble(nn.Module):
    """Mean of the logits of several models of one spec (Lakshminarayanan et al. 2017, in logits)."""

    def __init__(self, members: list[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.spec = members[0].spec

    def embed(self, tokens: Tensor, tracks: Tensor | None = None) -> Tensor:
        """Return the input of `forward` for tokens and their tracks."""
        return self.members[0].embed(tokens, tracks)  # type: ignore[operator]

    def forward(self, x: Float[Tensor, "n channels length"]) -> Float[Tensor, "n t"]:
        """Return the mean over the members."""
        total = self.members[0](x)
        for member in self.members[1:]:
            total = total + member(x)
        return total / len(self.members)
